using Coppice.Continual.Protection;
using Coppice.Continual.Tests.Toy;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Continual.Tests.Protection;

public sealed class PullToStartTests(MarkovWorld world) : IClassFixture<MarkovWorld>
{
    [Fact]
    public void Without_a_gradient_the_decoupled_distance_shrinks_by_the_same_factor_each_step()
    {
        const double LearningRate = 0.05, Strength = 2;
        using var parameters = new ParameterSet(world.Backend, [new ParameterSpecification("w", new Shape(1, 16)), new ParameterSpecification("b", new Shape(16))]);
        float[] start = [.. Enumerable.Range(0, 32).Select(i => MathF.Sin(i))];
        using var origin = new FlatBuffer(world.Backend, 32);
        origin.CopyFrom(start, 0);
        float[] distance = [.. Enumerable.Range(0, 32).Select(i => 1 + MathF.Cos(3 * i))];
        parameters.Values.CopyFrom([.. start.Zip(distance, (a, b) => a + b)], 0);
        using var chain = new OptimizerChain(parameters, [new ScaleByAdam(parameters, 0.9, 0.95, 1e-8), new DecoupledPullToStart(origin, Strength), new ScaleByLearningRate()]);
        for (var step = 0; step < 10; step++)
        {
            parameters.Gradients!.Clear();
            chain.Step(LearningRate, 0);
        }

        var values = new float[32];
        parameters.Values.CopyTo(0, values);
        var factor = Math.Pow(1 - (LearningRate * Strength), 10);
        for (var i = 0; i < 32; i++) Assert.Equal(distance[i] * factor, (double)values[i] - start[i], 2e-6);
    }

    [Fact]
    public void The_penalty_is_half_the_strength_times_the_squared_distance_and_its_gradient_the_distance()
    {
        using var parameters = new ParameterSet(world.Backend, [new ParameterSpecification("w", new Shape(1, 16))]);
        using var origin = new FlatBuffer(world.Backend, 16);
        origin.CopyFrom([1, 2, 3], 0);
        parameters.Values.CopyFrom([2, 2, 5], 0);
        parameters.Gradients!.CopyFrom([1, 1, 1], 0);
        using var pull = new PullToStart(origin, 0.5);
        Assert.Equal(0.25 * 5, pull.AddGradient(parameters), 1e-9);
        var gradients = new float[3];
        parameters.Gradients.CopyTo(0, gradients);
        Assert.Equal([1.5f, 1, 2], gradients);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_stronger_it_is_the_nearer_to_the_start_and_the_less_is_forgotten(bool decoupled)
    {
        var origin = world.Parent.Parameters.Values;
        (double Distance, double Old) Run(double strength)
        {
            using var child = world.NewChild();
            var arm = new UpdateArm { Steps = 100, WeightDecay = 0 };
            // Behind Adam a step is about the learning rate long in each weight, whatever the size of the gradients: it takes a stronger pull there.
            arm = decoupled
                ? arm with { Transforms = _ => [new DecoupledPullToStart(origin, 100 * strength)] }
                : arm with { Regularisers = [new PullToStart(origin, strength)] };
            var outcome = world.Update(child, arm);
            return (child.Parameters.Values.SquaredDistance(origin), outcome.Old);
        }

        var runs = new[] { 0, 0.001, 0.01, 0.1 }.Select(Run).ToArray();
        for (var i = 1; i < runs.Length; i++) Assert.True(runs[i].Distance < 0.98 * runs[i - 1].Distance, $"distances {string.Join(", ", runs.Select(run => run.Distance))}");
        Assert.True(runs[^1].Old < runs[0].Old - 0.5, $"A: {string.Join(", ", runs.Select(run => run.Old))}");
    }

    [Fact]
    public void A_strength_of_zero_changes_no_bit()
    {
        using var plain = world.NewChild();
        using var coupled = world.NewChild();
        using var decoupled = world.NewChild();
        var origin = world.Parent.Parameters.Values;
        world.Update(plain, new UpdateArm { Steps = 5 });
        world.Update(coupled, new UpdateArm { Steps = 5, Regularisers = [new PullToStart(origin, 0)] });
        world.Update(decoupled, new UpdateArm { Steps = 5, Transforms = _ => [new DecoupledPullToStart(origin, 0)] });
        Assert.Equal(0, plain.Parameters.Values.SquaredDistance(coupled.Parameters.Values));
        Assert.Equal(0, plain.Parameters.Values.SquaredDistance(decoupled.Parameters.Values));
    }
}
