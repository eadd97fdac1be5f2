using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Objectives;

public sealed class EncoderObjectiveTests : IDisposable
{
    private const int Vocabulary = 61;

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("bert", "mlm")]
    [InlineData("roberta", "mlm")]
    [InlineData("bert", "slm")]
    [InlineData("electra", "rts")]
    [InlineData("t5", "span_corruption")]
    public void Gradients_agree_with_differences_along_each_parameter(string architecture, string name)
    {
        using var model = NewModel(Configuration(architecture, generator: false));
        var objective = Objective(model, name);
        var batch = objective.Prepare(NewBatch(), new PackedBatch(), seed: 3, number: 5);
        var gradients = Gradients(model, objective, batch);
        foreach (var parameter in model.Parameters.Parameters) CompareWithDifferences(model, objective, batch, parameter, gradients);
    }

    [Fact]
    public void Electras_discriminator_has_the_gradients_of_its_own_loss_and_its_generator_none_of_them()
    {
        using var model = NewModel(Configuration("electra", generator: true));
        var vocabulary = MaskVocabulary.Plain(Vocabulary);
        ReplacedTokenObjective Weighing(double detection) => new(new TokenMasking(vocabulary, new MaskingOptions { MaskShare = 0.85, RandomShare = 0 }), detection);

        var batch = Weighing(50).Prepare(NewBatch(), new PackedBatch(), seed: 3, number: 5);
        var (both, generator) = (Gradients(model, Weighing(50), batch), Gradients(model, Weighing(0), batch));
        foreach (var parameter in model.Parameters.Parameters)
        {
            var (with, without) = (Of(both, parameter), Of(generator, parameter));
            if (parameter.Name.StartsWith("generator", StringComparison.Ordinal)) Assert.Equal(without, with);
            else if (parameter.Name.Contains("embeddings.", StringComparison.Ordinal)) Assert.NotEqual(without, with);
            else
            {
                Assert.All(without, value => Assert.Equal(0, value));
                Assert.Contains(with, value => value != 0);
                // What is replaced doesn't depend on these parameters, so the loss is smooth in them.
                CompareWithDifferences(model, Weighing(50), batch, parameter, both);
            }
        }
    }

    [Fact]
    public void A_tied_generator_is_the_lowest_layers_and_they_have_the_gradients_of_both()
    {
        var configuration = (ElectraConfiguration)Configuration("electra", generator: false) with { Layers = 2, Generator = new ElectraGenerator(16, 1, 2, 24) };
        using var apart = NewModel(configuration);
        using var tied = NewModel(configuration with { Generator = configuration.Generator with { Tied = true } });
        foreach (var parameter in apart.Parameters.Parameters) parameter.Tensor.CopyFrom(tied.Parameters[Shared(parameter.Name)].Tensor.ToArray());
        var objective = new ReplacedTokenObjective(new TokenMasking(MaskVocabulary.Plain(Vocabulary), new MaskingOptions { MaskShare = 0.85, RandomShare = 0 }), 5);
        var batch = objective.Prepare(NewBatch(), new PackedBatch(), seed: 3, number: 5);
        var (sums, gradients) = (new Dictionary<string, float[]>(), Gradients(tied, objective, batch));
        var ofEach = Gradients(apart, objective, batch);
        foreach (var parameter in apart.Parameters.Parameters)
        {
            var own = Of(ofEach, parameter);
            sums[Shared(parameter.Name)] = sums.TryGetValue(Shared(parameter.Name), out var other) ? [.. own.Zip(other, (a, b) => a + b)] : own;
        }

        Assert.Equal(tied.Parameters.Parameters.Select(parameter => parameter.Name).Order(StringComparer.Ordinal), sums.Keys.Order(StringComparer.Ordinal));
        foreach (var parameter in tied.Parameters.Parameters)
        {
            var largest = sums[parameter.Name].Max(Math.Abs);
            Assert.All(sums[parameter.Name].Zip(Of(gradients, parameter)), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * (1 + largest)));
        }

        static string Shared(string name) =>
            name.StartsWith("generator.", StringComparison.Ordinal) ? "electra." + name["generator.".Length..] : name;
    }

    [Fact]
    public void A_generator_that_is_always_right_leaves_nothing_to_detect()
    {
        using var model = (ElectraModel)NewModel(Configuration("electra", generator: true));
        // The same token everywhere, and a bias that lets the generator say no other.
        var batch = new PackedBatch();
        int[] same = [.. Enumerable.Repeat(7, 40)];
        batch.Add(same, same, [.. Enumerable.Repeat(1f, 40)]);
        var bias = new float[Vocabulary];
        bias[7] = 1e4f;
        model.HeadBias!.Tensor.CopyFrom(bias);
        var objective = new ReplacedTokenObjective(new TokenMasking(MaskVocabulary.Plain(Vocabulary), new MaskingOptions { MaskShare = 0.85, RandomShare = 0 }), 1);
        var prepared = objective.Prepare(batch, new PackedBatch(), 1, 1);
        using var tape = new Tape(_backend) { Recording = false };
        var loss = objective.Loss(tape, model, new ModelInput(model), prepared, 1f / prepared.CountedTokens).Item;
        // What is left is the mean of -log p of "this is the text's".
        tape.Reset();
        var input = new ModelInput(model);
        input.Set(tape, same, [.. Enumerable.Range(0, 40)], [0, 40], training: false);
        var logits = model.Detect(tape, model.Hidden(tape, input)).ToArray();
        Assert.Equal(logits.Average(x => Math.Log(1 + Math.Exp(x))), loss, 1e-5);
    }

    [Fact]
    public void Random_substitution_labels_what_changed_and_counts_every_token()
    {
        var original = NewBatch();
        var batch = new RandomSubstitutionObjective(MaskVocabulary.Plain(Vocabulary), 0.2).Prepare(original, new PackedBatch(), 1, 2);
        for (var i = 0; i < batch.Count; i++) Assert.Equal(batch.Tokens[i] != original.Tokens[i] ? 1 : 0, batch.Targets[i]);
        Assert.Equal(batch.Count, batch.CountedTokens);
        Assert.Equal((int)Math.Round(0.2 * batch.Count), batch.Targets.Take(batch.Count).Sum());
    }

    [Fact]
    public void Preparing_leaves_the_batch_as_it_is_and_the_same_number_prepares_the_same()
    {
        var (original, batch) = (NewBatch(), NewBatch());
        using var model = NewModel(Configuration("bert", generator: false));
        var objective = Objective(model, "mlm");
        var first = objective.Prepare(batch, new PackedBatch(), 9, 4).Tokens.ToArray();
        Assert.Equal(original.Tokens, batch.Tokens);
        Assert.Equal(original.Weights, batch.Weights);
        Assert.Equal(first, objective.Prepare(batch, new PackedBatch(), 9, 4).Tokens);
        Assert.NotEqual(first, objective.Prepare(batch, new PackedBatch(), 9, 5).Tokens);
    }

    [Fact]
    public void Objectives_that_a_model_can_not_have_are_refused()
    {
        var (bert, discriminator) = (Configuration("bert", generator: false), Configuration("electra", generator: false));
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => ObjectiveRegistry.ForPlanning(new ObjectiveSection { Name = "causal" }, bert)).ExitCode);
        var error = Assert.Throws<CoppiceException>(() => ObjectiveRegistry.ForPlanning(new ObjectiveSection { Name = "electra" }, discriminator));
        Assert.Contains("needs a generator", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<CoppiceException>(() => ObjectiveRegistry.ForPlanning(new ObjectiveSection { Name = "mln" }, bert));
        Assert.Contains("did you mean 'mlm'?", error.Message, StringComparison.Ordinal);
        Assert.IsType<RandomSubstitutionObjective>(ObjectiveRegistry.ForPlanning(new ObjectiveSection(), discriminator));
    }

    private static ModelConfiguration Configuration(string architecture, bool generator) => architecture == "electra"
        ? new ElectraConfiguration
        {
            VocabularySize = Vocabulary, EmbeddingSize = 12, HiddenSize = 16, Layers = 1, Heads = 2, MaxPositions = 48, IntermediateSize = 24,
            Generator = generator ? new ElectraGenerator(8, 1, 1, 12) : null,
        }
        : architecture == "t5"
        ? new T5Configuration
        {
            VocabularySize = Vocabulary, HiddenSize = 16, Layers = 1, DecoderLayers = 1, Heads = 2, HeadSize = 4, MaxPositions = 48, IntermediateSize = 24, GatedGelu = true, Buckets = 8, MaxDistance = 20,
        }
        : new BertConfiguration
        {
            Family = architecture, VocabularySize = Vocabulary, HiddenSize = 16, Layers = 1, Heads = 2, MaxPositions = 48, IntermediateSize = 24, PadToken = architecture == "roberta" ? 1 : 0,
        };

    private LanguageModel NewModel(ModelConfiguration configuration)
    {
        var model = configuration.Create(_backend);
        var stream = 0UL;
        foreach (var parameter in model.Parameters.Parameters)
        {
            var random = new Philox(1, stream++);
            var mean = parameter.Name.EndsWith("norm.weight", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => mean + 0.3f * random.Normal((ulong)i))]);
        }

        return model;
    }

    private static IObjective Objective(LanguageModel model, string name) => ObjectiveRegistry.ForPlanning(new ObjectiveSection { Name = name }, model.Configuration);

    private static PackedBatch NewBatch()
    {
        var random = new Philox(4, 4);
        var batch = new PackedBatch();
        foreach (var length in new[] { 30, 1, 44, 17 })
        {
            int[] tokens = [.. Enumerable.Range(0, length).Select(i => random.Integer((ulong)(100 * length + i), Vocabulary))];
            batch.Add(tokens, tokens, [.. Enumerable.Repeat(1f, length)]);
        }

        return batch;
    }

    private static float[] Gradients(LanguageModel model, IObjective objective, PackedBatch batch)
    {
        using var tape = new Tape(model.Backend);
        tape.SeedRandom(1, 1);
        model.Parameters.Gradients!.Clear();
        tape.Backward(objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens));
        var gradients = new float[model.Parameters.Gradients.Count];
        model.Parameters.Gradients.CopyTo(0, gradients);
        return gradients;
    }

    private static float[] Of(float[] gradients, Parameter parameter) => gradients[(int)parameter.Offset..(int)(parameter.Offset + parameter.Count)];

    private static void CompareWithDifferences(LanguageModel model, IObjective objective, PackedBatch batch, Parameter parameter, float[] gradients)
    {
        // Small steps lose the digits of a large loss; but T5's first norm turns a step of a short embedding into a large one of its direction.
        var width = model is T5Model ? 1f / 1024 : 1f / 256;
        var random = new Philox(17, 3);
        float[] direction = [.. Enumerable.Range(0, (int)parameter.Count).Select(i => random.Normal((ulong)i))];
        var own = parameter.Tensor.ToArray();
        double LossAt(float step)
        {
            parameter.Tensor.CopyFrom([.. own.Zip(direction, (value, d) => value + step * d)]);
            using var tape = new Tape(model.Backend) { Recording = false };
            tape.SeedRandom(1, 1);
            return objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens).Item;
        }

        // Five points, so that the error is of the fourth order of the step.
        var difference = (8 * (LossAt(width) - LossAt(-width)) - (LossAt(2 * width) - LossAt(-2 * width))) / (12 * width);
        parameter.Tensor.CopyFrom(own);
        var expected = Of(gradients, parameter).Zip(direction, (g, d) => (double)g * d).Sum();
        var scale = Math.Sqrt(Of(gradients, parameter).Sum(g => (double)g * g));
        Assert.True(Math.Abs(difference - expected) <= 2e-3 * (1 + scale), $"{parameter.Name}: {expected} by the gradient, {difference} by differences");
    }
}
