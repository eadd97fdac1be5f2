using System.ComponentModel.DataAnnotations;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Recipes;

/// <summary>Earlier text in an update.</summary>
public sealed record ReplaySection
{
    /// <summary>Means: chosen by how far the new text lies from the old.</summary>
    public const double ByShift = -1;

    /// <summary>The share of an update's tokens that are old ones; -1 means by the measured shift.</summary>
    [Range(-1.0, 1.0, MaximumIsExclusive = true)]
    public double Share { get; init; } = ByShift;

    /// <summary>Find the share by a few short runs and a fitted law instead.</summary>
    public bool ShareByLaw { get; init; }

    /// <summary>
    /// What the divergence from the parent on replayed tokens weighs, beside their cross-entropy; 0 for none, -1 means by the measured shift. At 1, the mean over
    /// the replayed tokens weighs as much as the mean over all tokens.
    /// </summary>
    [Range(-1.0, 1_000.0)]
    public double KlWeight { get; init; } = ByShift;

    /// <summary>
    /// <c>stores</c> (the parent's token stores), <c>buffer</c> (the documents kept in the parent's directory), <c>generated</c> (what the parent writes), or
    /// <c>auto</c>: the first of these that there is, but generated text only by request.
    /// </summary>
    [AllowedValues("auto", "stores", "buffer", "generated")]
    public string From { get; init; } = "auto";

    /// <summary>Bytes of text of all documents so far to keep in the new model's directory, for updates when the old text is gone; 0 for none.</summary>
    [Range(0L, 1e15)]
    public long BudgetBytes { get; init; }

    /// <summary>Tokens to let the parent write, where replay is generated; 0 for as many as the replay share needs, at most a million.</summary>
    [Range(0L, 1e12)]
    public long GeneratedTokens { get; init; }

    /// <summary>Old text to replay in place of what the parent remembers: files, folders, patterns.</summary>
    public ValueList<string> Paths { get; init; } = [];
}
