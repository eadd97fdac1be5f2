using Coppice.Continual.Protection;
using Coppice.Continual.Tests.Toy;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Protection;

public sealed class ElasticWeightConsolidationTests(MarkovWorld world) : IClassFixture<MarkovWorld>
{
    [Fact]
    public void The_penalty_and_its_gradient_are_what_the_formula_says_and_nothing_at_the_anchor()
    {
        using var parameters = new ParameterSet(world.Backend, [new ParameterSpecification("w", new Shape(2, 3))]);
        using var importance = Buffer([1, 0, 2, 0.5f, 3, 4]);
        using var anchor = Buffer([0, 1, 2, 3, 4, 5]);
        using var other = Buffer([1, 1, 1, 1, 1, 1]);
        using var both = new ElasticWeightConsolidation([new ElasticAnchor(importance, anchor, 10), new ElasticAnchor(other, other, 2)]);
        using var one = new ElasticWeightConsolidation([new ElasticAnchor(importance, anchor, 10)]);

        parameters.Values.CopyFrom([1, 1, 1, 1, 1, 1], 0);
        parameters.Gradients!.CopyFrom([1, 1, 1, 1, 1, 1], 0);
        // ½ · 10 · (1·1 + 0 + 2·1 + 0.5·4 + 3·9 + 4·16); the other anchor is where the weights are.
        Assert.Equal(480, both.AddGradient(parameters), 1e-4);
        var gradients = new float[6];
        parameters.Gradients.CopyTo(0, gradients);
        Assert.Equal([1 + 10, 1, 1 - 20, 1 - 10, 1 - 90, 1 - 160], gradients);

        parameters.Values.CopyFrom([0, 1, 2, 3, 4, 5], 0);
        parameters.Gradients.Clear();
        Assert.Equal(0, one.AddGradient(parameters));
        Assert.Equal(0, parameters.Gradients.SumOfSquares());
        // ½ · 2 · (1 + 0 + 1 + 4 + 9 + 16)
        Assert.Equal(31, both.AddGradient(parameters), 1e-4);
    }

    [Fact]
    public void On_a_bowl_it_finds_the_weighted_mean_of_both_minima()
    {
        using var parameters = new ParameterSet(world.Backend, [new ParameterSpecification("w", new Shape(1, 3))]);
        float[] curvature = [1, 2, 4], minimum = [3, -1, 0.5f], importance = [0.5f, 0, 3], start = [-1, 2, 2];
        const double Strength = 2;
        using var fisher = Buffer(importance);
        using var anchor = Buffer(start);
        using var elastic = new ElasticWeightConsolidation([new ElasticAnchor(fisher, anchor, Strength)]);
        var weights = (float[])start.Clone();
        for (var step = 0; step < 2000; step++)
        {
            parameters.Values.CopyFrom(weights, 0);
            parameters.Gradients!.CopyFrom([.. weights.Select((weight, i) => curvature[i] * (weight - minimum[i]))], 0);
            elastic.AddGradient(parameters);
            var gradients = new float[3];
            parameters.Gradients.CopyTo(0, gradients);
            for (var i = 0; i < 3; i++) weights[i] -= 0.05f * gradients[i];
        }

        for (var i = 0; i < 3; i++)
        {
            var expected = ((curvature[i] * minimum[i]) + (Strength * importance[i] * start[i])) / (curvature[i] + (Strength * importance[i]));
            Assert.Equal(expected, weights[i], 1e-5);
        }
    }

    [Fact]
    public void At_the_strength_for_c_nats_the_drift_that_was_measured_costs_c()
    {
        using var child = world.NewChild();
        world.Update(child, new UpdateArm { Steps = 10 });
        using var fisher = Fisher();
        var strength = ElasticWeightConsolidation.StrengthFor(0.3, fisher.Values, world.Parent.Parameters.Values, child.Parameters.Values);
        using var elastic = new ElasticWeightConsolidation([new ElasticAnchor(fisher.Values, world.Parent.Parameters.Values, strength)]);
        Assert.Equal(0.3, elastic.AddGradient(child.Parameters), 1e-6);
        Assert.Throws<CoppiceException>(() => ElasticWeightConsolidation.StrengthFor(0.3, fisher.Values, child.Parameters.Values, child.Parameters.Values));
    }

    [Fact]
    public void The_stronger_it_is_the_less_is_forgotten_and_at_zero_no_bit_changes()
    {
        using var fisher = Fisher();
        var anchor = world.Parent.Parameters.Values;
        using var drifted = world.NewChild();
        var plain = world.Update(drifted, new UpdateArm());
        (UpdateOutcome Outcome, double Distance) Run(double nats)
        {
            using var child = world.NewChild();
            var strength = ElasticWeightConsolidation.StrengthFor(nats, fisher.Values, anchor, drifted.Parameters.Values);
            var outcome = world.Update(child, new UpdateArm { Regularisers = [new ElasticWeightConsolidation([new ElasticAnchor(fisher.Values, anchor, strength)])] });
            return (outcome, child.Parameters.Values.SquaredDistance(drifted.Parameters.Values));
        }

        var (same, distance) = Run(0);
        Assert.Equal((plain, 0.0), (same, distance));
        var (light, heavy) = (Run(1).Outcome, Run(10).Outcome);
        Assert.True(light.Old < plain.Old - 0.3, $"A: {light.Old} at 1 nat, {plain.Old} without");
        Assert.True(heavy.Old < light.Old - 0.2, $"A: {heavy.Old} at 10 nats, {light.Old} at 1");
        Assert.True(heavy.New < 2, $"B: {heavy.New} at 10 nats");
    }

    private FisherDiagonal Fisher()
    {
        using var model = world.NewChild();
        return FisherDiagonal.Estimate(model, new SequenceSampler([new SamplerSource("A", world.Sources[0].Training)], MarkovWorld.SequenceLength, seed: 3), 200);
    }

    private FlatBuffer Buffer(float[] values)
    {
        // As long as a set of parameters with its padding.
        var buffer = new FlatBuffer(world.Backend, 16);
        buffer.CopyFrom(values, 0);
        return buffer;
    }
}
