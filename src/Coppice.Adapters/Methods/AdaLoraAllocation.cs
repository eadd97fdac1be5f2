using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Methods;

/// <summary>How many components of all targets count at a step: all at first, then fewer along a cubic curve, at last those that are wanted.</summary>
internal sealed record RankBudget
{
    /// <summary>A curve.</summary>
    /// <param name="first">Components at first.</param>
    /// <param name="last">Components at the end.</param>
    /// <param name="warmUp">Steps with all.</param>
    /// <param name="final">Steps with those of the end.</param>
    /// <param name="steps">All steps.</param>
    /// <exception cref="CoppiceException">They do not fit into each other (exit code 2).</exception>
    public RankBudget(int first, int last, long warmUp, long final, long steps)
    {
        if (warmUp < 0 || final < 0 || warmUp >= steps - final) throw CoppiceException.Usage($"a warm-up of {warmUp} steps and {final} steps at the end leave none of {steps} in which ranks could be chosen");
        (First, Last, WarmUp, Settled) = (first, last, warmUp, steps - final);
    }

    /// <summary>Components at first.</summary>
    public int First { get; }

    /// <summary>Components at the end.</summary>
    public int Last { get; }

    /// <summary>Steps with all.</summary>
    public long WarmUp { get; }

    /// <summary>The step from which on nothing changes.</summary>
    public long Settled { get; }

    /// <summary>Components at a step, from 1.</summary>
    public int At(long step)
    {
        if (step <= WarmUp) return First;
        if (step >= Settled) return Last;
        var left = 1 - (double)(step - WarmUp) / (Settled - WarmUp);
        return (int)((First - Last) * left * left * left + Last);
    }
}

/// <summary>
/// AdaLoRA's choice of components. The score of a component is that of its e and the mean scores of its row of A and its column of B; the gradients are those of the step,
/// the values those before its update. Equal scores: the first in the order of the model is kept, so that the number is always the budget's.
/// </summary>
internal sealed class AdaLoraAllocation : GradientTransform
{
    private readonly IReadOnlyList<SingularFactors> _targets;
    private readonly RankBudget _budget;
    private readonly AdaLoraSettings _settings;
    private readonly FlatBuffer _means;
    private readonly FlatBuffer _spreads;
    private readonly FlatBuffer _off;
    private readonly List<long> _masked = [];

    public AdaLoraAllocation(ParameterSet parameters, IReadOnlyList<SingularFactors> targets, RankBudget budget, AdaLoraSettings settings)
    {
        if (settings.Interval < 1) throw CoppiceException.Usage("adalora chooses its components every so many steps: 1 is the least");
        if (!(settings.Beta1 is > 0 and < 1 && settings.Beta2 is > 0 and < 1)) throw CoppiceException.Usage("adalora's betas lie between 0 and 1");
        (_targets, _budget, _settings) = (targets, budget, settings);
        (_means, _spreads, _off) = (new(parameters.Backend, parameters.Values.Count), new(parameters.Backend, parameters.Values.Count), new(parameters.Backend, parameters.Values.Count));
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, FlatBuffer Buffer)> State => [("adalora.sensitivity", _means), ("adalora.uncertainty", _spreads), ("adalora.off", _off)];

    /// <summary>Components that the step switches off.</summary>
    public int Masked => _masked.Count;

    /// <inheritdoc/>
    public override void Prepare(UpdateStep step)
    {
        _masked.Clear();
        var number = step.Number;
        if (number <= _budget.Settled)
        {
            var scores = UpdateScores(step.Parameters);
            if (number <= _budget.WarmUp || (number < _budget.Settled && number % _settings.Interval != 0)) return;
            Choose(scores, _budget.At(number));
        }

        foreach (var target in _targets)
        {
            var off = Importance.Of(target.E, _off);
            for (var i = 0; i < off.Length; i++)
            {
                if (off[i] != 0) _masked.Add(target.E.Offset + i);
            }
        }
    }

    /// <inheritdoc/>
    public override void Applied(UpdateStep step, long start, int count)
    {
        foreach (var place in _masked)
        {
            if (place >= start && place < start + count) step.Parameters.Values.Scale(0, place, 1);
        }
    }

    /// <summary>The scores of the components, target by target.</summary>
    private List<double> UpdateScores(ParameterSet parameters)
    {
        var scores = new List<double>();
        foreach (var target in _targets)
        {
            var (a, e, b) = (UpdateScores(parameters, target.A), UpdateScores(parameters, target.E), UpdateScores(parameters, target.B));
            var (rank, inputs, outputs) = (target.Rank, a.Length / target.Rank, b.Length / target.Rank);
            for (var k = 0; k < rank; k++)
            {
                var (row, column) = (0.0, 0.0);
                for (var i = 0; i < inputs; i++) row += a[k * inputs + i];
                for (var i = 0; i < outputs; i++) column += b[i * rank + k];
                scores.Add(e[k] + row / inputs + column / outputs);
            }
        }

        return scores;
    }

    private double[] UpdateScores(ParameterSet parameters, Parameter parameter)
    {
        var (values, gradients) = (Importance.Of(parameter, parameters.Values), Importance.Of(parameter, parameters.Gradients!));
        var (means, spreads) = (Importance.Of(parameter, _means), Importance.Of(parameter, _spreads));
        var scores = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            Importance.Update(ref means[i], ref spreads[i], Math.Abs((double)values[i] * gradients[i]), _settings.Beta1, _settings.Beta2);
            scores[i] = (double)means[i] * spreads[i];
        }

        _means.CopyFrom(means, parameter.Offset);
        _spreads.CopyFrom(spreads, parameter.Offset);
        return scores;
    }

    private void Choose(List<double> scores, int budget)
    {
        // A stable sort: of equal scores the first stays in front.
        var kept = Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i]).Take(budget).ToHashSet();
        var first = 0;
        foreach (var target in _targets)
        {
            var off = new float[target.Rank];
            for (var i = 0; i < off.Length; i++) off[i] = kept.Contains(first + i) ? 0 : 1;
            _off.CopyFrom(off, target.E.Offset);
            first += off.Length;
        }
    }
}
