using Coppice.Tensors;
using Coppice.Training.Optimizers;
using Coppice.Training.Schedules;

namespace Coppice.Adapters.Masks;

/// <summary>
/// Trains one group of parameters a step, in a fixed order again and again. The others have no gradient at that step, so that no backward pass goes below the group, and
/// neither they nor their moments change. Which group it is, and how many updates it has had, follows from the number of the step alone.
/// </summary>
public sealed class GroupCycle : GradientTransform
{
    private readonly ParameterSet _parameters;
    private readonly HashSet<string>[] _names;
    private readonly (long Start, long End)[][] _ranges;

    /// <summary>Takes the groups.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="groups">The names of the parameters of each group, in the order of the cycle: together all of them.</param>
    public GroupCycle(ParameterSet parameters, IReadOnlyList<IReadOnlyCollection<string>> groups)
    {
        ArgumentOutOfRangeException.ThrowIfZero(groups.Count);
        ArgumentOutOfRangeException.ThrowIfNotEqual(groups.Sum(group => group.Count), parameters.Parameters.Count);
        _parameters = parameters;
        _names = [.. groups.Select(group => group.ToHashSet(StringComparer.Ordinal))];
        _ranges = [.. groups.Select(group => group.Select(name => parameters[name]).OrderBy(parameter => parameter.Offset).Select(parameter => (parameter.Offset, parameter.Offset + parameter.Count)).ToArray())];
    }

    /// <summary>Number of groups.</summary>
    public int Groups => _names.Length;

    /// <inheritdoc/>
    public override void Begin(UpdateStep update, long number)
    {
        var group = (int)(number % Groups);
        _parameters.ChooseGradients(parameter => _names[group].Contains(parameter.Name));
        update.Restrict(_ranges[group], number / Groups);
    }
}

/// <summary>The learning rate of the cycle's first step for all of its steps, so that all groups have the same.</summary>
/// <param name="schedule">The schedule.</param>
/// <param name="groups">Steps in a cycle.</param>
public sealed class CycleSchedule(ISchedule schedule, int groups) : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(long step, long tokens)
    {
        var first = step - step % groups;
        return schedule.LearningRate(first, first == step ? tokens : (long)((double)tokens / step * first));
    }
}
