namespace Coppice.Training.Schedules;

/// <summary>
/// A warm-up, a trunk that can go on for as long as text comes, and a branch in which the learning rate comes down for a release. The state at
/// <see cref="DecayStart"/> is what a later run goes on from, as if there had been no branch: nothing before it depends on where the run ends.
/// </summary>
public abstract class BranchingSchedule : IBranchingSchedule
{
    private readonly DecayShape _shape;
    private readonly double _decayStart;

    private protected BranchingSchedule(ScheduleSettings settings, DecayShape usual)
    {
        Settings = settings;
        _shape = settings.DecayShape == DecayShape.Usual ? usual : settings.DecayShape;
        if (_shape == DecayShape.Exponential && settings is { DecayShare: > 0, FinalLearningRate: <= 0 })
            throw new ArgumentException("An exponential decay needs a final learning rate above 0.", nameof(settings));
        _decayStart = Math.Max(settings.Warmup, settings.Prior + ((settings.Total - settings.Prior) * (1 - settings.DecayShare)));
    }

    /// <inheritdoc/>
    public long DecayStart => (long)Math.Ceiling((Math.Clamp(_decayStart, Settings.Prior, Settings.Total) - Settings.Prior) / Settings.StepLength);

    private protected ScheduleSettings Settings { get; }

    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var position = Settings.Position(step, tokens);
        if (Settings.InWarmup(position, Trunk(Settings.Warmup), out var rising)) return rising;
        var done = Settings.DecayShare > 0 ? ScheduleSettings.Share(position, _decayStart, Settings.Total) : 0;
        return done == 0 ? Trunk(position) : _shape.LearningRate(Trunk(_decayStart), Settings.FinalLearningRate, done);
    }

    /// <summary>The learning rate of the trunk at a position after the warm-up.</summary>
    private protected abstract double Trunk(double position);
}
