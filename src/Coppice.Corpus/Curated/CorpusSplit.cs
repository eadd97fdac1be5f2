using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>How text is divided into training and validation.</summary>
public enum SplitKind
{
    /// <summary>All text is for training.</summary>
    None,

    /// <summary>Whole documents go to validation, chosen by a hash of their text.</summary>
    Documents,

    /// <summary>The last share of each document goes to validation, as nanoGPT cuts its single text.</summary>
    Tail,
}

/// <summary>
/// Divides documents into training and validation. Where a document goes depends on its text, the share and the seed, never on the other
/// documents: text that comes later can't move one from one side to the other, and equal texts are always on the same side.
/// </summary>
public sealed record CorpusSplit
{
    private const ulong Stream = 0x53504C4954;

    private CorpusSplit(SplitKind kind, double validationShare, ulong seed)
    {
        Kind = kind;
        ValidationShare = validationShare;
        Seed = seed;
    }

    /// <summary>All text is for training.</summary>
    public static CorpusSplit None { get; } = new(SplitKind.None, 0, 0);

    /// <summary>How text is divided.</summary>
    public SplitKind Kind { get; }

    /// <summary>The share of validation, in (0, 1): of documents, or of the code points of each document.</summary>
    public double ValidationShare { get; }

    /// <summary>Chooses other documents for validation.</summary>
    public ulong Seed { get; }

    /// <summary>Whole documents go to validation.</summary>
    /// <param name="validationShare">Their expected share, in (0, 1).</param>
    /// <param name="seed">Chooses which.</param>
    /// <exception cref="CoppiceException">The share is not inside (0, 1).</exception>
    public static CorpusSplit ByDocument(double validationShare, ulong seed = 0) => new(SplitKind.Documents, Checked(validationShare), seed);

    /// <summary>The end of each document goes to validation.</summary>
    /// <param name="validationShare">Its share of the document's code points, in (0, 1).</param>
    /// <exception cref="CoppiceException">The share is not inside (0, 1).</exception>
    public static CorpusSplit ByTail(double validationShare) => new(SplitKind.Tail, Checked(validationShare), 0);

    /// <summary>Divides a document. One of the two parts may be null.</summary>
    /// <param name="document">The document.</param>
    public (Document? Train, Document? Validation) Divide(Document document)
    {
        switch (Kind)
        {
            case SplitKind.Documents:
                var bits = CounterRandom.Bits(Seed, Stream, (ulong)ContentHash.Of(document.Text));
                return CounterRandom.Unit(bits) < ValidationShare ? (null, document) : (document, null);
            case SplitKind.Tail:
                var cut = CutOfTail(document.Text, ValidationShare);
                return (
                    cut == 0 ? null : document with { Text = document.Text[..cut] },
                    cut == document.Text.Length ? null : document with { Text = document.Text[cut..] });
            default:
                return (document, null);
        }
    }

    /// <summary>The UTF-16 index where the validation part begins: after ⌊code points · (1 − share)⌋ code points.</summary>
    /// <param name="text">The text.</param>
    /// <param name="share">The share of validation.</param>
    internal static int CutOfTail(string text, double share)
    {
        long codePoints = 0;
        foreach (var _ in text.EnumerateRunes()) codePoints++;
        var left = (long)(codePoints * (1 - share));
        var index = 0;
        for (; left > 0; left--) index += char.IsSurrogatePair(text, index) ? 2 : 1;
        return index;
    }

    private static double Checked(double share) =>
        share is > 0 and < 1
            ? share
            : throw CoppiceException.Usage(FormattableString.Invariant(
                $"The validation share is {share}; it must be above 0 and below 1, such as 0.1."));
}
