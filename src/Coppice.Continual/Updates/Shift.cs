using Coppice.Continual.Recipes;

namespace Coppice.Continual.Updates;

/// <summary>How far new text lies from what a model knows, and what that asks for.</summary>
/// <param name="Excess">Bits per byte of the new text under the parent, over those of the old text, less 1.</param>
/// <param name="BytesPerToken">Bytes per token of the new text over those of the old: well below 1 where the tokenizer doesn't fit.</param>
public sealed record Shift(double Excess, double BytesPerToken)
{
    /// <summary>From here on a shift counts as strong. Calibrated on English novels as the old text: see docs/updates.md.</summary>
    public const double StrongExcess = 1.0;

    /// <summary>Below this the tokenizer doesn't fit the new text, as with another language.</summary>
    public const double StrongBytesPerToken = 0.7;

    /// <summary>The replay share where there is nothing to measure a shift on.</summary>
    public const double UsualReplayShare = 0.4;

    /// <summary>The weight where no shift was measured.</summary>
    public const double UsualKlWeight = 1.5;

    /// <summary>Whether no usual share of replay alone will keep the old text.</summary>
    public bool IsStrong => Excess > StrongExcess || BytesPerToken < StrongBytesPerToken;

    /// <summary>The replay share that the shift asks for.</summary>
    public double ReplayShare => IsStrong ? 0.5 : UsualReplayShare;

    /// <summary>
    /// The weight of the divergence from the parent on replayed tokens that the shift asks for: small models forget more than the papers' large ones, so more than once; once
    /// where much has to be learned, which it would hold back.
    /// </summary>
    public double KlWeight => IsStrong ? 1 : UsualKlWeight;

    /// <summary>Measures from what the parent makes of the sources.</summary>
    /// <param name="sources">The sources, old and new, with bits per byte under the parent.</param>
    /// <returns>The shift; null where there is no old text to compare with.</returns>
    public static Shift? Measure(IReadOnlyList<(HeldOutSource Source, double BitsPerByte)> sources)
    {
        var (old, added) = (sources.Where(s => !s.Source.New).ToList(), sources.Where(s => s.Source.New).ToList());
        if (old.Count == 0 || added.Count == 0) return null;
        return new Shift(Bits(added) / Bits(old) - 1, BytesPerTokenOf(added) / BytesPerTokenOf(old));
    }

    private static double Bits(List<(HeldOutSource Source, double BitsPerByte)> sources) =>
        sources.Sum(s => s.BitsPerByte * s.Source.Bytes) / sources.Sum(s => (double)s.Source.Bytes);

    private static double BytesPerTokenOf(List<(HeldOutSource Source, double BitsPerByte)> sources) =>
        sources.Sum(s => (double)s.Source.Bytes) / sources.Sum(s => (double)s.Source.Tokens);
}
