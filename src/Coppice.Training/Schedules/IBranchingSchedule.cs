namespace Coppice.Training.Schedules;

/// <summary>
/// A schedule whose last part is a branch: what lies before it doesn't depend on the length of the run, so that the state at the branch can be gone on
/// from by a later run with more text.
/// </summary>
public interface IBranchingSchedule : ISchedule
{
    /// <summary>Steps of this run before the learning rate begins its last way down: all of them where it has no such way.</summary>
    long DecayStart { get; }
}
