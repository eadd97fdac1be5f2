using Coppice.Corpus;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters.Tests;

public sealed class HeadObjectiveTests : IDisposable
{
    private const int Vocabulary = 50;

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    public static TheoryData<string, string> Tasks => new()
    {
        { "llama", "classes-last" }, { "bert", "classes-first" }, { "gpt2", "classes-mean" }, { "llama", "numbers" }, { "bert", "words" }, { "llama", "choices" },
    };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Gradients_of_head_and_model_agree_with_differences(string architecture, string task)
    {
        using var model = TinyModels.Create(architecture, _backend, trainable: true);
        using var head = NewHead(model, task);
        var (objective, examples) = (Objective(head, task), Examples(task));
        var batch = Packed(examples);
        var gradients = Gradients(model, head, objective, batch);
        foreach (var parameter in head.Parameters.Parameters.Concat(model.Parameters.Parameters)) CompareWithDifferences(model, objective, batch, parameter, gradients[parameter.Name]);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Examples_that_are_packed_give_the_loss_and_the_scores_of_each_alone(string architecture, string task)
    {
        using var model = TinyModels.Create(architecture, _backend);
        using var head = NewHead(model, task);
        var (objective, examples) = (Objective(head, task), Examples(task));
        var weights = examples.Select(example => (double)example.CountedTargets).ToList();
        var alone = examples.Select(example => (double)Loss(model, objective, Packed([example]))).Zip(weights, (loss, weight) => loss * weight).Sum() / weights.Sum();
        Assert.Equal(alone, Loss(model, objective, Packed(examples)), 1e-5 * (1 + alone));

        using TaskEvaluator packed = new(model), single = new(model, batchTokens: 1);
        var (together, apart) = (packed.Scores(objective, examples), single.Scores(objective, examples));
        Assert.Equal(examples.Select(objective.RowsOf), together.Select(rows => rows.Length));
        Assert.Equal(Flat(apart), Flat(together), (a, b) => Math.Abs(a - b) <= 1e-5);
        Assert.Equal(packed.Loss(objective, examples), single.Loss(objective, examples), 1e-5 * (1 + alone));
    }

    [Fact]
    public void A_class_weight_of_two_counts_an_example_twice()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model, "classes-last");
        var objective = Objective(head, "classes-last");
        TaskExample[] examples = [.. Examples("classes-last")];
        var (first, second) = (Sum(examples[0]), Sum(examples[1]));
        Assert.Equal(2 * first + second, Sum(Weighted(examples[0], 2), examples[1]), 1e-4);

        double Sum(params TaskExample[] some) => Loss(model, objective, Packed(some)) * Packed(some).CountedTokens;

        static TaskExample Weighted(TaskExample example, float weight) =>
            example with { Documents = [.. example.Documents.Select(document => document with { Weights = [.. document.Weights.Select(own => own * weight)] })] };
    }

    [Fact]
    public void The_softmax_of_a_choice_is_over_its_own_answers()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model, "choices");
        var (objective, examples) = (Objective(head, "choices"), Examples("choices"));
        using var evaluator = new TaskEvaluator(model);
        var scores = evaluator.Scores(objective, examples);
        var right = TaskGuesses.RightClasses(examples);
        var expected = scores.Select((rows, i) => Math.Log(rows.Sum(row => Math.Exp(row[0]))) - rows[right[i]][0]).Average();
        Assert.Equal(expected, evaluator.Loss(objective, examples), 1e-5);
    }

    [Fact]
    public void The_loss_of_a_regression_is_the_mean_squared_error()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model, "numbers");
        var (objective, examples) = (Objective(head, "numbers"), Examples("numbers"));
        using var evaluator = new TaskEvaluator(model);
        var guesses = TaskGuesses.Numbers(evaluator.Scores(objective, examples));
        var expected = guesses.Zip(TaskGuesses.RightNumbers(examples), (guess, right) => Math.Pow((double)guess - right, 2)).Average();
        Assert.Equal(expected, evaluator.Loss(objective, examples), 1e-5 * (1 + expected));
    }

    [Fact]
    public void Targets_of_a_prompt_change_nothing_and_those_of_an_answer_do()
    {
        using var model = TinyModels.Create("llama", _backend, trainable: true);
        var (tokens, targets) = (TinyModels.Tokens(10), TinyModels.Tokens(10, seed: 8));
        float[] weights = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        int[] otherPrompt = [.. targets.Select((target, i) => i < 5 ? (target + 1) % Vocabulary : target)];
        int[] otherAnswer = [.. targets.Select((target, i) => i == 7 ? (target + 1) % Vocabulary : target)];
        var own = Train(targets);
        Assert.Equal(own, Train(otherPrompt));
        Assert.NotEqual(own, Train(otherAnswer));

        float[] Train(int[] predicted)
        {
            using var tape = new Tape(_backend);
            var batch = Packed([new TaskExample([new TaskDocument(tokens, predicted, weights)], "here")]);
            model.Parameters.BeginGradients();
            tape.Backward(new SupervisedObjective().Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens));
            model.Parameters.EndGradients();
            return Values(model.Parameters.Gradients!);
        }
    }

    [Fact]
    public void Supervised_fine_tuning_has_the_loss_of_the_causal_objective()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        var batch = Packed([.. new[] { 9, 14, 4 }.Select(length => new TaskExample(
            [new TaskDocument(TinyModels.Tokens(length), TinyModels.Tokens(length, seed: 3), [.. Enumerable.Range(0, length).Select(i => i < length / 2 ? 0f : 1f)])], "here"))]);
        Assert.Equal(Loss(model, new CausalObjective(), batch), Loss(model, new SupervisedObjective(), batch), 1e-5);
    }

    [Fact]
    public void A_class_that_the_head_does_not_have_is_an_error()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = new TaskHead(model, 2);
        var batch = Packed([new TaskExample([TaskDocument.Labelled([1, 2], 2, 1)], "here")]);
        Assert.Throws<ArgumentException>(() => Loss(model, new SequenceClassificationObjective(head, Pooling.Last), batch));
    }

    private static TaskHead NewHead(LanguageModel model, string task)
    {
        var head = new TaskHead(model, task is "numbers" or "choices" ? 1 : 3);
        head.Initialize(5);
        // Larger than at the beginning, so that scores differ.
        foreach (var parameter in head.Parameters.Parameters) parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => 0.5f * new Philox(9, 1).Normal((ulong)i))]);
        return head;
    }

    private static HeadObjective Objective(TaskHead head, string task) => task switch
    {
        "classes-last" => new SequenceClassificationObjective(head, Pooling.Last),
        "classes-first" => new SequenceClassificationObjective(head, Pooling.First),
        "classes-mean" => new SequenceClassificationObjective(head, Pooling.Mean),
        "numbers" => new RegressionObjective(head, Pooling.Last),
        "words" => new TokenClassificationObjective(head),
        _ => new MultipleChoiceObjective(head, Pooling.Last),
    };

    private static List<TaskExample> Examples(string task) => [.. Enumerable.Range(0, 4).Select(i => new TaskExample(task switch
    {
        "numbers" => [TaskDocument.Labelled(Tokens(i, 0), NumberTarget.Of(0.5f * i - 1), 1)],
        "words" => [new TaskDocument(Tokens(i, 0), [.. Tokens(i, 0).Select(token => token % 3)], [.. Tokens(i, 0).Select((token, place) => place == 0 || token % 2 == 0 ? 1f : 0f)])],
        // Two answers, then three, four, two.
        "choices" => [.. Enumerable.Range(0, 2 + i % 3).Select(choice => TaskDocument.Labelled(Tokens(i, choice), choice, choice == i % 2 ? 1 : 0))],
        _ => [TaskDocument.Labelled(Tokens(i, 0), i % 3, 1)],
    }, "here"))];

    private static int[] Tokens(int example, int document) => TinyModels.Tokens(4 + 3 * example + document, seed: (ulong)(10 * example + document));

    private static PackedBatch Packed(IReadOnlyList<TaskExample> examples) => TaskPacking.InOrder(examples, int.MaxValue).Single();

    private static float Loss(LanguageModel model, IObjective objective, PackedBatch batch)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        return objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens).Item;
    }

    private static Dictionary<string, float[]> Gradients(LanguageModel model, TaskHead head, HeadObjective objective, PackedBatch batch)
    {
        using var tape = new Tape(model.Backend);
        foreach (var set in new[] { model.Parameters, head.Parameters }) set.BeginGradients();
        tape.Backward(objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens));
        foreach (var set in new[] { model.Parameters, head.Parameters }) set.EndGradients();
        return model.Parameters.Parameters.Concat(head.Parameters.Parameters).ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.GradientToArray());
    }

    private static void CompareWithDifferences(LanguageModel model, HeadObjective objective, PackedBatch batch, Parameter parameter, float[] gradient)
    {
        const float Step = 1f / 256;
        var random = new Philox(17, 3);
        float[] direction = [.. Enumerable.Range(0, (int)parameter.Count).Select(i => random.Normal((ulong)i))];
        var own = parameter.Tensor.ToArray();
        double LossAt(float step)
        {
            parameter.Tensor.CopyFrom([.. own.Zip(direction, (value, d) => value + step * d)]);
            return Loss(model, objective, batch);
        }

        // Five points, so that the error is of the fourth order of the step.
        var difference = (8 * (LossAt(Step) - LossAt(-Step)) - (LossAt(2 * Step) - LossAt(-2 * Step))) / (12 * Step);
        parameter.Tensor.CopyFrom(own);
        var expected = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
        var scale = Math.Sqrt(gradient.Sum(g => (double)g * g));
        Assert.True(Math.Abs(difference - expected) <= 4e-3 * (1 + scale), $"{parameter.Name}: {expected} by the gradient, {difference} by differences");
    }

    private static IEnumerable<float> Flat(IEnumerable<float[][]> scores) => scores.SelectMany(rows => rows).SelectMany(row => row);

    private static float[] Values(FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }
}
