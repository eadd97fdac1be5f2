using System.Buffers;
using System.Buffers.Binary;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Takes lines or paragraphs out of documents that stand in another document, or in the same one before; of each, one copy stays. As CCNet does with paragraphs of web
/// pages, but exactly: every copy in the whole corpus is found.
/// </summary>
/// <remarks>A sketch is 8 bytes for each piece that is long enough. What is decided on comes from a sort in the memory budget.</remarks>
/// <param name="pieces">What is compared.</param>
/// <param name="keep">In which document the copy that stays is.</param>
/// <param name="dropAt">The share of a document's text in repeated pieces from which the whole document goes; 1 for only where nothing is left.</param>
[Technique("ccnet-paragraphs", Title = "CCNet: Extracting High Quality Monolingual Datasets from Web Crawl Data", Paper = "arXiv:1911.00359")]
public sealed class ExactPieces(TextPieces pieces, KeepPolicy keep = KeepPolicy.First, double dropAt = 1) : ICorpusStep
{
    private readonly PieceEditor _editor = new(pieces, dropAt);

    /// <inheritdoc/>
    public string Name => pieces.Unit == TextUnit.Line ? "exact-lines" : "exact-paragraphs";

    /// <inheritdoc/>
    public string SketchVersion => _editor.Version;

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, sketch) =>
    {
        var reader = new PieceReader(document.Text, pieces.Unit);
        while (reader.Next())
        {
            if (pieces.HashOf(reader.Current) is not { } hash) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(sketch.GetSpan(sizeof(ulong)), hash);
            sketch.Advance(sizeof(ulong));
        }
    };

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        DocumentCount.Of(corpus);
        using var places = new ExternalSorter<Piece>(corpus.WorkFolder, corpus.MemoryBudget / 2);
        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            var preference = Preference.Of(document, keep);
            var sketch = document.Sketch.Span;
            for (var place = 0; place < sketch.Length / sizeof(ulong); place++)
            {
                var hash = BinaryPrimitives.ReadUInt64LittleEndian(sketch[(place * sizeof(ulong))..]);
                places.Add(new Piece(hash, preference, (int)document.Index, place));
            }
        }

        using var repeated = new ExternalSorter<Place>(corpus.WorkFolder, corpus.MemoryBudget / 2);
        ulong? seen = null;
        foreach (var piece in places.Sorted())
        {
            cancellation.ThrowIfCancellationRequested();
            if (piece.Hash == seen && piece.Preference != Preference.Earlier) repeated.Add(new Place(piece.Document, piece.Number));
            seen = piece.Hash;
        }

        Report(repeated.Sorted(), decisions);
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit)
    {
        var repeated = VarInts.ReadAscending(edit);
        var (place, next) = (0, 0);
        return _editor.Edit(document, _ =>
        {
            if (next == repeated.Count || repeated[next] != place++) return false;
            next++;
            return true;
        });
    }

    private static void Report(IEnumerable<Place> repeated, IDecisions decisions)
    {
        var numbers = new List<int>();
        var document = -1;
        foreach (var place in repeated)
        {
            if (place.Document != document && numbers.Count > 0)
            {
                decisions.Edit(document, VarInts.WriteAscending(numbers));
                numbers.Clear();
            }

            document = place.Document;
            numbers.Add(place.Number);
        }

        if (numbers.Count > 0) decisions.Edit(document, VarInts.WriteAscending(numbers));
    }

    private readonly record struct Piece(ulong Hash, ulong Preference, int Document, int Number) : IComparable<Piece>
    {
        public int CompareTo(Piece other)
        {
            if (Hash != other.Hash) return Hash.CompareTo(other.Hash);
            if (Preference != other.Preference) return Preference.CompareTo(other.Preference);
            return Document != other.Document ? Document.CompareTo(other.Document) : Number.CompareTo(other.Number);
        }
    }

    private readonly record struct Place(int Document, int Number) : IComparable<Place>
    {
        public int CompareTo(Place other) => Document != other.Document ? Document.CompareTo(other.Document) : Number.CompareTo(other.Number);
    }
}
