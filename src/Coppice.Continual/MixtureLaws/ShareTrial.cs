namespace Coppice.Continual.MixtureLaws;

/// <summary>Losses of a trial run after some tokens.</summary>
/// <param name="Tokens">Tokens of the trial so far, above 0.</param>
/// <param name="Old">Bits per byte of each old source, held out, always in the same order.</param>
/// <param name="New">Bits per byte of the new text, held out.</param>
public sealed record TrialPoint(long Tokens, IReadOnlyList<double> Old, double New);

/// <summary>A short run at a constant learning rate with a share of replay.</summary>
/// <param name="Share">Old tokens by all tokens, at least 0 and below 1.</param>
/// <param name="Points">What was measured, by rising tokens; not during the warm-up.</param>
public sealed record ShareTrial(double Share, IReadOnlyList<TrialPoint> Points)
{
    /// <summary>The losses after the trial's rate came down at its end, as an update's does; null where that was not tried.</summary>
    public TrialPoint? Annealed { get; init; }
}

/// <summary>
/// Losses that trials are compared with. Where they begin: for a parent that was not annealed its losses at step 0. An annealed parent jumps when its rate is raised
/// again, whatever it then reads; the end of a run like the trials on old text alone has the jump in it and is the fairer beginning. And what is released: the parent
/// as its users know it, annealed, which only annealed trials can be compared with.
/// </summary>
/// <param name="Old">Bits per byte of each old source.</param>
/// <param name="New">Bits per byte of the new text.</param>
public sealed record TrialReference(IReadOnlyList<double> Old, double New);
