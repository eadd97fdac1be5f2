using Coppice.Continual.Protection;
using Coppice.Continual.Tests.Toy;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;

namespace Coppice.Continual.Tests.Protection;

public sealed class ParentDistillationTests(MarkovWorld world) : IClassFixture<MarkovWorld>
{
    private const int Vocabulary = 50;

    // By the source's number: new text is not distilled, replayed text is.
    private static readonly bool[] Replayed = [false, true];

    [Fact]
    public void On_replayed_text_it_protects_far_better_than_the_replay_alone()
    {
        var plain = world.Update(new UpdateArm { ReplayShare = 0.1 });
        using var objective = new ParentDistillation(world.Parent, Replayed, new DistillationSettings(Weight: 1, Share: 0.1));
        var kept = world.Update(new UpdateArm { ReplayShare = 0.1, Objective = objective });
        Assert.True(kept.Old < plain.Old - 0.3, $"A: {kept.Old} with, {plain.Old} without");
        Assert.True(kept.HighestOld < plain.HighestOld - 0.5, $"A at its highest: {kept.HighestOld} with, {plain.HighestOld} without");
        Assert.True(kept.New < plain.New + 0.25, $"B: {kept.New} with, {plain.New} without");
        Assert.Equal(0, objective.UnknownTokens);
    }

    [Fact]
    public void On_new_text_it_protects_without_any_replay_and_learning_pays_for_it()
    {
        var plain = world.Update(new UpdateArm());
        using var objective = new ParentDistillation(world.Parent, [true], new DistillationSettings(Weight: 0.5, Share: 1));
        var kept = world.Update(new UpdateArm { Objective = objective });
        Assert.True(kept.Old < plain.Old - 2, $"A: {kept.Old} with, {plain.Old} without");
        Assert.True(kept.New > plain.New + 0.1, $"B: {kept.New} with, {plain.New} without");
    }

    [Fact]
    public void It_is_the_mean_loss_and_the_weighted_mean_divergence_of_the_distilled_tokens()
    {
        using var backend = Backends.Create(1);
        using var parent = TinyModels.Create("llama", backend, seed: 2);
        using var model = TinyModels.Create("gpt2", backend, trainable: true);
        var batch = Batch(1);
        // The share that is distilled in this batch: of 36 tokens 35 count, and the replayed ones among those are distilled.
        var (counted, chosen) = (batch.CountedTokens, Enumerable.Range(0, batch.Count).Where(i => batch.Weights[i] > 0 && batch.Sources[i] == 1).ToArray());
        using var objective = new ParentDistillation(parent, Replayed, new DistillationSettings(Weight: 2, Share: (double)chosen.Length / counted, Temperature: 1.5));
        using var tape = new Tape(backend) { Recording = false };
        var plain = new CausalObjective().Loss(tape, model, new ModelInput(model), batch, 1f / counted).Item;

        var (p, q) = (LogProbabilities(parent, batch, 1.5), LogProbabilities(model, batch, 1.5));
        var divergence = chosen.Sum(i => p[i].Zip(q[i], (a, b) => Math.Exp(a) * (a - b)).Sum()) * 1.5 * 1.5 / chosen.Length;
        Assert.True(divergence > 0.01);
        Assert.Equal(plain + (2 * divergence), objective.Loss(tape, model, new ModelInput(model), batch, 1f / counted).Item, 1e-4);
    }

    [Fact]
    public void Accumulation_equals_the_big_batch()
    {
        using var backend = Backends.Create(2);
        using var parent = TinyModels.Create("gpt2", backend, seed: 2);
        using var model = TinyModels.Create("gpt2", backend, trainable: true);
        using var objective = new ParentDistillation(parent, Replayed, new DistillationSettings(Weight: 1, Share: 0.4));
        using var trainer = NewTrainer(model, objective);
        PackedBatch[] parts = [Batch(1), Batch(2), Batch(3, replayed: false)];
        var big = new PackedBatch();
        foreach (var part in parts) Append(big, part);

        var whole = trainer.ComputeGradients([big], 0);
        var expected = Gradients(model);
        var sum = trainer.ComputeGradients(parts, 0);
        var actual = Gradients(model);
        Assert.Equal(whole.Loss, sum.Loss, 2e-6 * whole.Loss);
        var error = Math.Sqrt(expected.Zip(actual, (a, b) => Math.Pow((double)a - b, 2)).Sum());
        Assert.True(error <= 2e-6 * whole.GradientNorm, $"relative error of the gradient: {error / whole.GradientNorm}");
    }

    [Fact]
    public void At_the_parent_itself_it_is_the_plain_loss_with_the_plain_gradient()
    {
        using var child = world.NewChild();
        var sampler = new SequenceSampler([new SamplerSource("A", world.Sources[0].Training)], MarkovWorld.SequenceLength, seed: 5);
        var batch = new PackedBatch();
        sampler.Next(batch, 8);
        using var objective = new ParentDistillation(world.Parent, [true], new DistillationSettings(Weight: 1, Share: 1));
        using var plain = NewTrainer(child, new CausalObjective());
        using var kept = NewTrainer(child, objective);
        var expected = plain.ComputeGradients([batch], 0);
        var gradients = Gradients(child);
        var actual = kept.ComputeGradients([batch], 0);
        Assert.Equal(expected.Loss, actual.Loss, 1e-5);
        Assert.All(gradients.Zip(Gradients(child)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void A_batch_without_distilled_tokens_is_trained_bit_by_bit_as_without_a_parent()
    {
        using var backend = Backends.Create(1);
        using var parent = TinyModels.Create("gpt2", backend, seed: 2);
        using var model = TinyModels.Create("gpt2", backend, trainable: true);
        using var objective = new ParentDistillation(parent, Replayed, new DistillationSettings(Weight: 1, Share: 0.4));
        using var plain = NewTrainer(model, new CausalObjective());
        using var kept = NewTrainer(model, objective);
        var batch = Batch(3, replayed: false);
        var expected = plain.ComputeGradients([batch], 0);
        var gradients = Gradients(model);
        Assert.Equal(expected, kept.ComputeGradients([batch], 0));
        Assert.Equal(gradients, Gradients(model));
    }

    [Fact]
    public void Text_behind_a_token_that_the_parent_lacks_is_not_distilled_and_counted()
    {
        using var backend = Backends.Create(1);
        using var parent = TinyModels.Create("gpt2", backend, vocabulary: Vocabulary, seed: 2);
        using var model = TinyModels.Create("gpt2", backend, vocabulary: Vocabulary + 10, trainable: true);
        var (cut, whole) = (new PackedBatch(), new PackedBatch());
        int[] tokens = [3, 1, 4, Vocabulary + 5, 5, 9];
        int[] targets = [1, 4, Vocabulary + 5, 5, 9, 2];
        cut.Add(tokens, targets, [1, 1, 1, 1, 1, 1], source: 1);
        // The same text, with only what comes before that token distilled.
        whole.Add(tokens, targets, [1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]);
        using var objective = new ParentDistillation(parent, Replayed, new DistillationSettings(Weight: 1, Share: 0.5));
        using var tape = new Tape(backend) { Recording = false };
        var loss = objective.Loss(tape, model, new ModelInput(model), cut, 1f / 6).Item;
        Assert.Equal(3, objective.UnknownTokens);
        Assert.Equal(objective.Loss(tape, model, new ModelInput(model), whole, 1f / 6).Item, loss);
        Assert.Equal(3, objective.UnknownTokens);
    }

    [Theory]
    [InlineData(0, 0.1, 1)]
    [InlineData(double.NaN, 0.1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1.5, 1)]
    [InlineData(1, 0.1, 0)]
    [InlineData(1, 0.1, double.PositiveInfinity)]
    public void Settings_out_of_range_are_refused(double weight, double share, double temperature)
    {
        var error = Assert.Throws<CoppiceException>(() => new ParentDistillation(world.Parent, Replayed, new DistillationSettings(weight, share, temperature)));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    internal static Trainer NewTrainer(LanguageModel model, IObjective objective) =>
        new(model, objective, new OptimizerChain(model.Parameters, [new ScaleByAdam(model.Parameters, 0.9, 0.95, 1e-8), new ScaleByLearningRate()]), seed: 1);

    /// <summary>Three documents of 12 tokens: new, replayed, and one that changes its source within (or all of them new), one target not counted.</summary>
    internal static PackedBatch Batch(ulong seed, bool replayed = true)
    {
        var batch = new PackedBatch();
        for (var document = 0; document < 3; document++)
        {
            var tokens = TinyModels.Tokens(13, Vocabulary, (100 * seed) + (ulong)document);
            var weights = Enumerable.Range(0, 12).Select(i => document == 1 && i == 7 ? 0f : 1f).ToArray();
            var sources = Enumerable.Range(0, 12).Select(i => replayed && (document == 1 || (document == 2 && i is > 3 and < 9)) ? 1 : 0).ToArray();
            batch.Add(tokens.AsSpan(0, 12), tokens.AsSpan(1), weights, sources);
        }

        return batch;
    }

    private static void Append(PackedBatch to, PackedBatch from)
    {
        for (var document = 0; document < from.DocumentCount; document++)
        {
            var range = from.CumulativeLengths[document]..from.CumulativeLengths[document + 1];
            to.Add(from.Tokens.AsSpan(range), from.Targets.AsSpan(range), from.Weights.AsSpan(range), from.Sources.AsSpan(range));
        }
    }

    private static float[] Gradients(LanguageModel model)
    {
        var gradients = new float[model.Parameters.Values.Count];
        model.Parameters.Gradients!.CopyTo(0, gradients);
        return gradients;
    }

    private static double[][] LogProbabilities(LanguageModel model, PackedBatch batch, double temperature)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        var input = new ModelInput(model);
        input.Set(tape, batch.Tokens.AsSpan(0, batch.Count), batch.Positions.AsSpan(0, batch.Count), batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1), training: false);
        var logits = model.Logits(tape, model.Hidden(tape, input)).ToArray();
        return [.. logits.Chunk(Vocabulary).Select(row =>
        {
            var denominator = Math.Log(row.Sum(logit => Math.Exp(logit / temperature)));
            return row.Select(logit => (logit / temperature) - denominator).ToArray();
        })];
    }
}
