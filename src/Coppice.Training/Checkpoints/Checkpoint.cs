namespace Coppice.Training.Checkpoints;

/// <summary>A checkpoint that is complete: every file has the length and the checksum that its manifest says.</summary>
/// <param name="Step">Steps done when it was saved.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="ValidationLoss">The validation loss that was measured at this step, if it was.</param>
public sealed record Checkpoint(long Step, string Directory, double? ValidationLoss);
