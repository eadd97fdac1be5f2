namespace Coppice.Training.Schedules;

/// <summary>
/// A schedule whose last part is a branch: what lies before it doesn't depend on the length of the run, so that the state at the branch can be gone on
/// from by a later run with more text.
/// </summary>
public interface IBranchingSchedule : ISchedule
{
    /// <summary>Steps done where the learning rate begins its last way down; 0 where there is none, or where the branch can't be told in steps.</summary>
    long DecayStart { get; }
}
