using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Methods;

/// <summary>
/// IncreLoRA's growth: every so many steps the targets that matter most put their reserve to work and get a new one, until the budget is spent; then what is in reserve is
/// nothing. The paper scores a target by Σ |Δ · ∂L/∂Δ| over the entries of its change Δ, which needs the gradient of the whole matrix. Nothing here forms that: the
/// products are added up within a component before their magnitude is taken, and Σ Δₖ · ∂L/∂Δₖ of component k is eₖ · ∂L/∂eₖ.
/// </summary>
internal sealed class IncreLoraGrowth : GradientTransform
{
    // What a component is, in the buffer of kinds, at the place of its e.
    private const float Nothing = 0;
    private const float InReserve = 1;
    private const float AtWork = 2;

    private readonly IReadOnlyList<SingularFactors> _targets;
    private readonly int _budget;
    private readonly int _reserve;
    private readonly IncreLoraSettings _settings;

    // Of each target, at the place of its first e.
    private readonly FlatBuffer _means;
    private readonly FlatBuffer _spreads;
    private readonly FlatBuffer _kinds;
    private readonly List<long> _frozen = [];

    public IncreLoraGrowth(ParameterSet parameters, IReadOnlyList<SingularFactors> targets, int budget, int reserve, IncreLoraSettings settings)
    {
        if (settings.WarmUp < 0 || settings.Interval < 1 || settings.Growing < 1) throw CoppiceException.Usage("increlora lets at least one target grow every so many steps, 1 being the least");
        if (!(settings.Beta1 is > 0 and < 1 && settings.Beta2 is > 0 and < 1)) throw CoppiceException.Usage("increlora's betas lie between 0 and 1");
        (_targets, _budget, _reserve, _settings) = (targets, budget, reserve, settings);
        (_means, _spreads, _kinds) = (new(parameters.Backend, parameters.Values.Count), new(parameters.Backend, parameters.Values.Count), new(parameters.Backend, parameters.Values.Count));
        foreach (var target in targets) _kinds.CopyFrom(Kinds(target.Rank, atWork: 1, reserve), target.E.Offset);
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, FlatBuffer Buffer)> State => [("increlora.sensitivity", _means), ("increlora.uncertainty", _spreads), ("increlora.kinds", _kinds)];

    /// <summary>How many components each target has at work.</summary>
    public IReadOnlyList<int> Ranks => [.. _targets.Select(RankOf)];

    /// <inheritdoc/>
    public override void Prepare(UpdateStep step)
    {
        var scores = UpdateScores(step.Parameters);
        var number = step.Number - _settings.WarmUp;
        if (number >= 0 && number % _settings.Interval == 0) Grow(step.Parameters, scores);
        _frozen.Clear();
        foreach (var target in _targets)
        {
            for (var k = RankOf(target); k < target.Rank; k++) _frozen.Add(target.E.Offset + k);
        }
    }

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        foreach (var place in _frozen)
        {
            if (place >= start && place < start + count) step.Updates.Scale(0, place, 1);
        }
    }

    private double[] UpdateScores(ParameterSet parameters)
    {
        var scores = new double[_targets.Count];
        for (var t = 0; t < scores.Length; t++)
        {
            var target = _targets[t];
            var (values, gradients) = (Importance.Of(target.E, parameters.Values), Importance.Of(target.E, parameters.Gradients!));
            var sum = 0.0;
            for (var k = 0; k < RankOf(target); k++) sum += Math.Abs((double)values[k] * gradients[k]);
            var (mean, spread) = (new float[1], new float[1]);
            _means.CopyTo(target.E.Offset, mean);
            _spreads.CopyTo(target.E.Offset, spread);
            var entries = (double)target.A.Shape.Columns * target.B.Shape[0];
            Importance.Update(ref mean[0], ref spread[0], sum / Math.Sqrt(entries), _settings.Beta1, _settings.Beta2);
            _means.CopyFrom(mean, target.E.Offset);
            _spreads.CopyFrom(spread, target.E.Offset);
            scores[t] = (double)mean[0] * spread[0];
        }

        return scores;
    }

    private void Grow(ParameterSet parameters, double[] scores)
    {
        var left = _budget - _targets.Sum(RankOf);
        if (left <= 0) return;
        foreach (var t in Enumerable.Range(0, scores.Length).Where(t => RankOf(_targets[t]) < _targets[t].Rank).OrderByDescending(t => scores[t]).Take(_settings.Growing))
        {
            var rank = RankOf(_targets[t]);
            var more = Math.Min(Math.Min(_reserve, left), _targets[t].Rank - rank);
            Set(parameters, _targets[t], rank + more, _reserve);
            left -= more;
        }

        if (left > 0) return;
        foreach (var target in _targets) Set(parameters, target, RankOf(target), reserve: 0);
    }

    /// <summary>Makes the first components those at work, the next the reserve, and the e of all others 0.</summary>
    private void Set(ParameterSet parameters, SingularFactors target, int atWork, int reserve)
    {
        var (before, kinds) = (Importance.Of(target.E, _kinds), Kinds(target.Rank, atWork, reserve));
        var values = Importance.Of(target.E, parameters.Values);
        for (var k = 0; k < kinds.Length; k++)
        {
            if (kinds[k] == Nothing) values[k] = 0;
            else if (before[k] == Nothing) values[k] = IncreLora.ReserveValue;
        }

        _kinds.CopyFrom(kinds, target.E.Offset);
        parameters.Values.CopyFrom(values, target.E.Offset);
    }

    private int RankOf(SingularFactors target) => Importance.Of(target.E, _kinds).Count(kind => kind == AtWork);

    private static float[] Kinds(int rank, int atWork, int reserve) => [.. Enumerable.Range(0, rank).Select(k => k < atWork ? AtWork : k < atWork + reserve ? InReserve : Nothing)];
}
