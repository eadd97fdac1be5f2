namespace Coppice.Training.Schedules;

/// <summary>
/// The learning rate as a function of how far the run is, and of nothing else: a run that is resumed asks the same question and gets the same answer.
/// </summary>
public interface ISchedule
{
    /// <summary>The learning rate of one step.</summary>
    /// <param name="step">Steps done before this one: 0 for the first.</param>
    /// <param name="tokens">Tokens trained on before this step.</param>
    double LearningRate(long step, long tokens);
}
