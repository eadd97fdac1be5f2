using System.Text;

namespace Coppice.Corpus.Deduplication;

/// <summary>Decodes sketches that are UTF-8 into one buffer.</summary>
internal sealed class SketchText
{
    private char[] _buffer = [];
    private int _length;

    /// <summary>The text that was read last, in which nothing is a <see cref="PassageText.Separator"/>.</summary>
    public ReadOnlySpan<char> Current => _buffer.AsSpan(0, _length);

    /// <summary>Reads the text of a sketch.</summary>
    /// <param name="sketch">The sketch.</param>
    public ReadOnlySpan<char> Read(ReadOnlySpan<byte> sketch)
    {
        if (_buffer.Length < sketch.Length) _buffer = new char[sketch.Length];
        _length = Encoding.UTF8.GetChars(sketch, _buffer);
        _buffer.AsSpan(0, _length).Replace(PassageText.Separator, '\uFFFD');
        return Current;
    }
}

/// <summary>
/// The passages around repeated fingerprints, in parts that fit into memory. A part has all passages around the fingerprints of some shares of their values, so that all
/// copies of a passage are in one part.
/// </summary>
/// <param name="corpus">The documents; their sketches are their texts.</param>
/// <param name="fingerprints">Picks fingerprints.</param>
/// <param name="repeated">Which of them are repeated.</param>
/// <param name="capacity">How many UTF-16 units a part can hold.</param>
/// <param name="cancellation">Stops.</param>
internal sealed class RepeatedPassages(
    ISketchedCorpus corpus, Fingerprints fingerprints, RepeatedFingerprints repeated, int capacity, CancellationToken cancellation)
{
    private const int Shares = 4096;

    private readonly SketchText _decoder = new();

    /// <summary>The first document that is not of an earlier corpus; known once all parts were read.</summary>
    public int FirstOwn { get; private set; }

    /// <summary>The parts. Each is valid until the next one is asked for.</summary>
    public IEnumerable<PassageText> Parts()
    {
        var part = new PassageText(capacity);
        foreach (var (first, end) in Divide())
        {
            part.Clear();
            foreach (var document in corpus.Documents)
            {
                cancellation.ThrowIfCancellationRequested();
                foreach (var (start, stop) in PassagesOf(document, first, end))
                {
                    if (part.Add((int)document.Index, start, _decoder.Current[start..stop])) continue;
                    yield return part;
                    part.Clear();
                    part.Add((int)document.Index, start, _decoder.Current[start..stop]);
                }
            }

            yield return part;
        }
    }

    /// <summary>Divides the shares of values into ranges whose passages fit: one range where all of them do.</summary>
    private List<(int First, int End)> Divide()
    {
        var units = new long[Shares];
        var together = 0L;
        var (before, after) = fingerprints.Reach;
        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            if (document.IsEarlier) FirstOwn = (int)document.Index + 1;
            together += PassagesOf(document, 0, Shares, share => units[share] += before + after + 1).Sum(passage => passage.End - passage.Start + 1L);
        }

        if (together <= capacity) return [(0, Shares)];
        var ranges = new List<(int First, int End)>();
        var (first, sum) = (0, 0L);
        for (var share = 0; share < Shares; share++)
        {
            if (sum + units[share] > capacity && share > first)
            {
                ranges.Add((first, share));
                (first, sum) = (share, 0);
            }

            sum += units[share];
        }

        ranges.Add((first, Shares));
        return ranges;
    }

    /// <summary>The passages of a document around repeated fingerprints of a range of shares, those that touch as one.</summary>
    private List<(int Start, int End)> PassagesOf(SketchedDocument document, int first, int end, Action<int>? count = null)
    {
        var (before, after) = fingerprints.Reach;
        var text = _decoder.Read(document.Sketch.Span);
        var length = text.Length;
        var passages = new List<(int Start, int End)>();
        fingerprints.Pick(text, (at, hash) =>
        {
            var share = (int)(CounterRandom.Mix(hash) % Shares);
            if (share < first || share >= end || !repeated.IsRepeated(hash)) return;
            count?.Invoke(share);
            var (start, stop) = (Math.Max(0, at - before), Math.Min(length, at + after));
            if (passages.Count > 0 && start <= passages[^1].End) passages[^1] = (passages[^1].Start, stop);
            else passages.Add((start, stop));
        });
        return passages;
    }
}
