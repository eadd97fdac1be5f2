using System.Buffers;
using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Takes passages out of documents that stand elsewhere in the corpus character by character, as ExactSubstr does, but keeps one copy (Lee and others remove all, which
/// is an option), and finds them all in bounded memory.
/// </summary>
/// <remarks>
/// Every repeat of at least the given length is found, across the whole corpus. Winnowed fingerprints tell where repeats can be at all; only those passages go into
/// suffix arrays. Where they are more than the memory budget holds, they are divided by the value of the fingerprint, which all copies of a passage share, so that no
/// repeat is divided; each share takes one more pass over the sketches. (Only where the passages of one 4,096th of the values fill the budget are they taken in the order
/// of the corpus, and copies found within each share.) A sketch is the document's text in UTF-8: it takes the room of the text once more.
/// <para>
/// What is left may contain new repeats, where a cut brought two ends together; a second pass finds them. A cut never divides a word or a character: what the repeat
/// covers of a word at its ends stays.
/// </para>
/// </remarks>
/// <param name="length">The least length of a repeat in UTF-16 units, from 8. Lee and others have 50 tokens, which is about 200 characters of English.</param>
/// <param name="keepOne">Whether the first copy stays; else all copies go.</param>
/// <param name="dropAt">The share of a document's text in repeats from which the whole document goes; 1 for only where nothing is left.</param>
[Technique("exact-substring", Title = "Deduplicating Training Data Makes Language Models Better", Paper = "arXiv:2107.06499")]
public sealed class SubstringDuplicates(int length = 200, bool keepOne = true, double dropAt = 1) : ICorpusStep
{
    // Of a part: 2 bytes of text, 4 of the suffix array, about 2 of its recursion, and bits.
    private const int BytesPerUnit = 9;
    private const int MinimumPart = 1 << 16;

    /// <inheritdoc/>
    public string Name => "exact-substring";

    /// <inheritdoc/>
    public string SketchVersion => "1";

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, sketch) => Encoding.UTF8.GetBytes(document.Text, sketch);

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        DocumentCount.Of(corpus);
        var fingerprints = new Fingerprints(length);
        var repeated = Count(corpus, fingerprints, cancellation);
        using var ranges = new ExternalSorter<CutRange>(corpus.WorkFolder, corpus.MemoryBudget / 8);
        var capacity = (int)Math.Clamp(corpus.MemoryBudget / 4 * 3 / BytesPerUnit, MinimumPart, Array.MaxLength / 2);
        var passages = new RepeatedPassages(corpus, fingerprints, repeated, capacity, cancellation);
        var finder = new RepeatFinder(length, keepOne);
        foreach (var part in passages.Parts()) finder.Find(part, (document, start, end) => ranges.Add(new CutRange(document, start, end)));
        Report(ranges.Sorted(), passages.FirstOwn, decisions);
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit)
    {
        var numbers = VarInts.ReadAscending(edit);
        var text = document.Text;
        var rest = new StringBuilder();
        var (copied, removed, removedLength) = (0, 0, 0);
        for (var i = 0; i < numbers.Count; i += 2)
        {
            var (start, end) = WordBoundary.Shrink(text, numbers[i], numbers[i + 1]);
            if (start >= end) continue;
            rest.Append(text, copied, start - copied);
            copied = end;
            removed++;
            removedLength += end - start;
        }

        if (removed == 0) return StepResult.Keep(document);
        rest.Append(text, copied, text.Length - copied);
        var share = new Measurement("repeated passages", (double)removedLength / text.Length, dropAt);
        var left = rest.ToString();
        return share.Value >= dropAt || string.IsNullOrWhiteSpace(left)
            ? StepResult.Drop("repeated passages", share)
            : StepResult.Rewrite(document with { Text = left }, new ReasonCount("repeated passages", removed));
    }

    private RepeatedFingerprints Count(ISketchedCorpus corpus, Fingerprints fingerprints, CancellationToken cancellation)
    {
        var units = 0L;
        foreach (var document in corpus.Documents) units += document.Characters;
        var repeated = new RepeatedFingerprints(4 * units / length, corpus.MemoryBudget / 8);
        var decoder = new SketchText();
        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            fingerprints.Pick(decoder.Read(document.Sketch.Span), (_, hash) => repeated.Add(hash));
        }

        return repeated;
    }

    private static void Report(IEnumerable<CutRange> ranges, int firstOwn, IDecisions decisions)
    {
        var numbers = new List<int>();
        var document = -1;
        foreach (var range in ranges)
        {
            if (range.Document < firstOwn) continue;
            if (range.Document != document && numbers.Count > 0)
            {
                decisions.Edit(document, VarInts.WriteAscending(numbers));
                numbers.Clear();
            }

            document = range.Document;
            if (numbers.Count > 0 && range.Start <= numbers[^1])
            {
                numbers[^1] = Math.Max(numbers[^1], range.End);
                continue;
            }

            numbers.Add(range.Start);
            numbers.Add(range.End);
        }

        if (numbers.Count > 0) decisions.Edit(document, VarInts.WriteAscending(numbers));
    }

    private readonly record struct CutRange(int Document, int Start, int End) : IComparable<CutRange>
    {
        public int CompareTo(CutRange other)
        {
            if (Document != other.Document) return Document.CompareTo(other.Document);
            return Start != other.Start ? Start.CompareTo(other.Start) : End.CompareTo(other.End);
        }
    }
}
