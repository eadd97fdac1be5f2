using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Coppice.Training.Objectives;

namespace Coppice.Adapters.Tests;

public sealed class PreferenceObjectiveTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz ."], ["<s>", "</s>"]);

    private static readonly PreferencePair[] Data = [new("ask", "good", "bad one", "line 1"), new("why", "so", "no", "line 2"), new("a longer question", "yes", "n", "line 3")];

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Both_documents_of_a_pair_have_the_prompt_and_an_example_counts_once()
    {
        var task = PreferenceRendering.Pairs(Data, Characters, template: null, maxTokens: 12);
        Assert.Equal(["<s>askgood", "<s>askbad one"], Texts(task.Examples[0]));
        // 12 + 1 - 4 - 1 tokens are left of the last prompt, in both documents.
        Assert.Equal(["<s>question", "<s>question"], Texts(task.Examples[2]).Select(text => text[..^(text.EndsWith("yes", StringComparison.Ordinal) ? 3 : 1)]));
        Assert.Equal((3, 3L, 1), (task.Examples.Count, task.CountedTargets, task.Shortened));
        Assert.Equal([0f, 0f, 0f, -1f, -1f, -1f, -1f, 1f], task.Examples[0].Documents[0].Weights);
        Assert.All(task.Examples[0].Documents[1].Weights, weight => Assert.True(weight <= 0));
    }

    [Fact]
    public void A_judged_answer_stands_beside_the_next_ones_after_its_prompt()
    {
        JudgedAnswer[] answers = [new("p", "a", true, "line 1"), new("q", "b", false, "line 2")];
        var task = PreferenceRendering.Judged(answers, Characters, null, 20);
        Assert.Equal(["<s>pa", "<s>pb", "<s>qb", "<s>qa"], task.Examples.SelectMany(Texts));
        Assert.Equal([0, 1], task.Examples.Select(example => example.Number));
        Assert.Contains("line 1: a single judged answer", Assert.Throws<CoppiceException>(() => PreferenceRendering.Judged(answers[..1], Characters, null, 20)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_probabilities_of_answers_are_sums_over_the_answer_alone_and_don_t_depend_on_packing()
    {
        using var model = NewModel();
        var examples = PreferenceRendering.Pairs(Data, Characters, null, 24).Examples;
        var (packed, single) = (PreferenceObjective.LogProbabilities(model, examples), PreferenceObjective.LogProbabilities(model, examples, batchTokens: 1));
        Assert.Equal(single.SelectMany(both => both), packed.SelectMany(both => both), (a, b) => Math.Abs(a - b) <= 1e-4);

        var document = examples[0].Documents[0];
        var logits = TinyModels.Logits(model, document.Tokens);
        var vocabulary = model.Configuration.VocabularySize;
        var expected = 0.0;
        for (var row = 3; row < document.Tokens.Length; row++)
        {
            var of = logits.AsSpan(row * vocabulary, vocabulary).ToArray();
            expected += of[document.Targets[row]] - Math.Log(of.Sum(logit => Math.Exp(logit)));
        }

        Assert.Equal(expected, packed[0][0], 1e-4);
    }

    [Fact]
    public void The_loss_starts_at_ln_2_and_its_value_and_gradient_are_those_of_the_formula()
    {
        using var model = NewModel();
        var examples = PreferenceRendering.Pairs(Data, Characters, null, 24).Examples;
        var reference = PreferenceObjective.LogProbabilities(model, examples);
        using var evaluator = new TaskEvaluator(model);
        Assert.Equal(Math.Log(2), evaluator.Loss(new PairObjective(new DirectPreferenceLoss(), reference), examples), 1e-5);
        IReadOnlyList<double[]> other = [.. reference.Select((both, i) => new[] { both[0] + i - 1, both[1] + 2 })];
        foreach (var objective in new IObjective[]
        {
            new PairObjective(new DirectPreferenceLoss(0.5), other), new PairObjective(new SimplePreferenceLoss()), new PairObjective(new OddsRatioLoss(0.5)),
        })
        {
            CompareWithDifferences(model, objective, examples);
        }
    }

    [Fact]
    public void Odds_without_weight_are_supervised_fine_tuning_with_each_answer_counted_alike()
    {
        using var model = NewModel();
        var pair = PreferenceRendering.Pairs(Data[..1], Characters, null, 24).Examples;
        var supervised = SupervisedRendering.Render([Conversation.Of("ask", "good", "line 1")], Characters, null, 24).Examples;
        using var evaluator = new TaskEvaluator(model);
        Assert.Equal(evaluator.Loss(new SupervisedObjective(), supervised), evaluator.Loss(new PairObjective(new OddsRatioLoss(0)), pair), 1e-5);
    }

    [Fact]
    public void Judged_answers_start_at_half_their_weight()
    {
        using var model = NewModel();
        JudgedAnswer[] answers = [new("ask", "good", true, "1"), new("why", "no", false, "2"), new("who", "me", true, "3")];
        var examples = PreferenceRendering.Judged(answers, Characters, null, 24).Examples;
        bool[] desirable = [.. examples.Select(example => answers[example.Number].Desirable)];
        var reference = PreferenceObjective.LogProbabilities(model, examples);
        using var evaluator = new TaskEvaluator(model);
        Assert.Equal((1.5 + 1 + 1.5) / 2 / 3, evaluator.Loss(new JudgedObjective(new KahnemanTverskyLoss(desirable: 1.5), desirable, reference), examples), 1e-5);
    }

    [Fact]
    public void Unlikelihood_looks_back_to_the_beginning_of_the_document_and_without_weight_it_is_the_causal_objective()
    {
        using var model = NewModel();
        TaskExample[] examples = [Repeating(7, 5, 5, 6), Repeating(5, 6, 9)];
        using var evaluator = new TaskEvaluator(model);
        Assert.Equal(Value(new CausalObjective(), examples), Value(new UnlikelihoodObjective(0), examples), 1e-5);
        Assert.True(Value(new UnlikelihoodObjective(1), examples) > Value(new UnlikelihoodObjective(0), examples));
        Assert.Equal(evaluator.Loss(new CausalObjective(), examples), evaluator.Loss(new UnlikelihoodObjective(1), examples), 1e-6);
        // Packed as one by one: candidates don't cross documents.
        Assert.Equal((4 * Value(new UnlikelihoodObjective(1), examples[..1]) + 3 * Value(new UnlikelihoodObjective(1), examples[1..])) / 7, Value(new UnlikelihoodObjective(1), examples), 1e-5);
        CompareWithDifferences(model, new UnlikelihoodObjective(0.7), examples);

        static TaskExample Repeating(params int[] tokens) => new([new TaskDocument(tokens, [.. tokens[1..], 8], [.. tokens.Select(_ => 1f)])], "here");

        float Value(IObjective objective, TaskExample[] some)
        {
            using var tape = new Tape(_backend) { Recording = false };
            var batch = TaskPacking.InOrder(some, int.MaxValue).Single();
            return objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens).Item;
        }
    }

    [Fact]
    public void A_loss_that_needs_a_reference_gets_one()
    {
        Assert.Throws<ArgumentNullException>(() => new PairObjective(new DirectPreferenceLoss()));
    }

    private LanguageModel NewModel() => TinyModels.Create("llama", _backend, vocabulary: Characters.VocabularySize, trainable: true);

    private static IEnumerable<string> Texts(TaskExample example) => example.Documents.Select(document => Characters.Decode(document.Tokens, skipSpecialTokens: false));

    // The direction is that of one matrix in the middle of the model: what reaches it has gone through all of the head.
    private static void CompareWithDifferences(LanguageModel model, IObjective objective, IReadOnlyList<TaskExample> examples)
    {
        const float Step = 1f / 512;
        var batch = TaskPacking.InOrder(examples, int.MaxValue).Single();
        var parameter = model.Parameters["model.layers.0.mlp.down_proj.weight"];
        var random = new Philox(17, 3);
        float[] direction = [.. Enumerable.Range(0, (int)parameter.Count).Select(i => random.Normal((ulong)i))];
        using var tape = new Tape(model.Backend);
        model.Parameters.BeginGradients();
        tape.Backward(objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens));
        model.Parameters.EndGradients();
        tape.Reset();
        var gradient = parameter.Tensor.GradientToArray();
        var own = parameter.Tensor.ToArray();
        double LossAt(float step)
        {
            parameter.Tensor.CopyFrom([.. own.Zip(direction, (value, d) => value + step * d)]);
            using var forward = new Tape(model.Backend) { Recording = false };
            return objective.Loss(forward, model, new ModelInput(model), batch, 1f / batch.CountedTokens).Item;
        }

        var difference = (8 * (LossAt(Step) - LossAt(-Step)) - (LossAt(2 * Step) - LossAt(-2 * Step))) / (12 * Step);
        parameter.Tensor.CopyFrom(own);
        var expected = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
        var scale = Math.Sqrt(gradient.Sum(g => (double)g * g));
        Assert.True(scale > 1e-3, "nothing to compare");
        Assert.True(Math.Abs(difference - expected) <= 4e-3 * (1 + scale), $"{expected} by the gradient, {difference} by differences");
    }
}
