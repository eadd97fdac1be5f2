using System.Buffers;
using System.Buffers.Binary;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Drops documents whose text another document has, with a choice of which copy stays. The step <see cref="ExactDuplicates"/> does the same as documents stream by and
/// can only keep the first.
/// </summary>
/// <param name="keep">Which copy stays.</param>
/// <param name="normalized">
/// Whether to compare words only, so that texts which differ in case, punctuation, white space, digits or accents are the same (the normalisation of
/// <see cref="MinHashDuplicates"/>). A text without words is then compared as it is.
/// </param>
public sealed class ExactDocuments(KeepPolicy keep = KeepPolicy.First, bool normalized = false) : ILinkingStep
{
    private const int HashBytes = 16;

    /// <inheritdoc/>
    public string Name => "exact-documents";

    /// <inheritdoc/>
    public string SketchVersion => normalized ? "1 words" : "1 text";

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, sketch) =>
    {
        var bytes = sketch.GetSpan(HashBytes + sizeof(int));
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, HashOf(document.Text));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[HashBytes..], (int)Math.Min(document.Copies, int.MaxValue));
        sketch.Advance(HashBytes + sizeof(int));
    };

    /// <inheritdoc/>
    public void AddKeys(ReadOnlySpan<byte> sketch, List<ulong> keys) => keys.Add((ulong)BinaryPrimitives.ReadUInt128LittleEndian(sketch));

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        using var sorter = new ExternalSorter<Copy>(corpus.WorkFolder, corpus.MemoryBudget);
        corpus.LookAtAll(() => document =>
        {
            cancellation.ThrowIfCancellationRequested();
            var sketch = document.Sketch.Span;
            var copies = BinaryPrimitives.ReadInt32LittleEndian(sketch[HashBytes..]);
            var copy = new Copy(BinaryPrimitives.ReadUInt128LittleEndian(sketch), Preference.Of(document, keep), document.Index, copies);
            lock (sorter) sorter.Add(copy);
        });

        Copy? kept = null;
        var copies = 0L;
        foreach (var copy in sorter.Sorted())
        {
            cancellation.ThrowIfCancellationRequested();
            if (kept is not { } first || first.Hash != copy.Hash)
            {
                Count(kept, copies, decisions);
                (kept, copies) = (copy, copy.Copies);
            }
            else
            {
                decisions.Link(first.Index, copy.Index);
                if (copy.Preference == Preference.Earlier) continue;
                decisions.Drop(copy.Index, "exact duplicate", because: first.Index);
                copies += copy.Copies;
            }
        }

        Count(kept, copies, decisions);
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    private static void Count(Copy? kept, long copies, IDecisions decisions)
    {
        if (kept is { } first && first.Preference != Preference.Earlier && copies > first.Copies) decisions.StandsFor(first.Index, copies);
    }

    private UInt128 HashOf(string text) => normalized && new FoldedWordReader(text).Next(out _) ? WordsHash.Of128(text) : ContentHash.Of(text);

    private readonly record struct Copy(UInt128 Hash, ulong Preference, long Index, long Copies) : IComparable<Copy>
    {
        public int CompareTo(Copy other)
        {
            var byHash = Hash.CompareTo(other.Hash);
            if (byHash != 0) return byHash;
            var byPreference = Preference.CompareTo(other.Preference);
            return byPreference != 0 ? byPreference : Index.CompareTo(other.Index);
        }
    }
}
