using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Adapters.Tests;

public sealed class ConsistencyTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData(SignalAnnealing.Linear, 0.75)]
    [InlineData(SignalAnnealing.Exponential, 0.5410425)]
    [InlineData(SignalAnnealing.Logarithmic, 0.9589575)]
    [InlineData(SignalAnnealing.None, 1)]
    public void The_bound_of_the_annealing_is_that_of_the_formula(SignalAnnealing annealing, double half)
    {
        Assert.Equal(half, ConsistencyObjective.Bound(annealing, 0.5, classes: 2), 1e-6);
        if (annealing == SignalAnnealing.Linear) Assert.Equal(0.25, ConsistencyObjective.Bound(annealing, 0, classes: 4), 1e-12);
        if (annealing is SignalAnnealing.Linear or SignalAnnealing.Exponential) Assert.Equal(1, ConsistencyObjective.Bound(annealing, 1, classes: 4), 1e-12);
    }

    [Fact]
    public void The_loss_is_cross_entropy_and_the_divergence_of_the_sure_ones()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model);
        var supervised = new SequenceClassificationObjective(head, Pooling.Last);
        var (labelled, unlabelled) = (Examples(4, weight: 1), Examples(6, weight: 0, first: 100));
        var same = unlabelled.Select(example => new[] { example.Documents[0].Tokens }).ToList();
        var plain = Value(model, supervised, labelled);
        // Without weight the supervised loss; the other versions are the texts themselves, and so nothing is to be learned without sharpening.
        Assert.Equal(plain, Value(model, New(new ConsistencyOptions { Weight = 0 }), labelled), 1e-5);
        Assert.Equal(plain, Value(model, New(new ConsistencyOptions { Temperature = 1, Threshold = 0 }), labelled), 1e-5);
        // Sharpened, it is the divergence from the temperature, of those above the threshold.
        foreach (var threshold in new[] { 0, 0.6 })
        {
            var objective = New(new ConsistencyOptions { Temperature = 0.5, Threshold = threshold, Weight = 2, Ratio = 2 });
            var batch = TaskPacking.InOrder(labelled, int.MaxValue).Single();
            var prepared = objective.Prepare(batch, new PackedBatch(), 1, 1);
            Assert.Equal((4 + 8, 4), (prepared.DocumentCount, prepared.CountedTokens));
            using var evaluator = new TaskEvaluator(model);
            var scores = evaluator.Scores(supervised, unlabelled).Select(rows => rows[0]).ToList();
            var expected = 0.0;
            for (var document = 4; document < 12; document++)
            {
                var of = scores[-1 - prepared.Sources[prepared.CumulativeLengths[document]]];
                var (p, q) = (ClassProbabilities.Softmax([.. of.Select(logit => logit / 0.5f)]), ClassProbabilities.Softmax(of));
                if (q.Max() > threshold) expected += p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
            }

            Assert.True(expected > 0);
            Assert.Equal(plain + 2 * expected / 8, Value(model, objective, labelled), 1e-4);
        }

        ConsistencyObjective New(ConsistencyOptions options) => new(supervised, unlabelled, same, options);
    }

    [Fact]
    public void No_gradient_flows_through_what_is_believed()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model);
        var supervised = new SequenceClassificationObjective(head, Pooling.Last);
        // One text, which is its own other version: through both sides of the divergence another gradient would flow.
        var (labelled, unlabelled) = (Examples(4, weight: 1), Examples(1, weight: 0, first: 100));
        var objective = new ConsistencyObjective(supervised, unlabelled, [[unlabelled[0].Documents[0].Tokens]], new ConsistencyOptions { Temperature = 0.5, Threshold = 0, Weight = 3, Ratio = 2 });
        using var trainer = new Trainer(model, objective, [new TrainedParameters(head.Parameters, OptimizerRegistry.Create(head.Parameters, new OptimizerSection()))], seed: 1);
        trainer.ComputeGradients([TaskPacking.InOrder(labelled, int.MaxValue).Single()], 0);
        using var evaluator = new TaskEvaluator(model);
        var scores = evaluator.Scores(supervised, [.. labelled, .. unlabelled]).Select(rows => rows[0]).ToList();
        var (believed, said) = (ClassProbabilities.Softmax([.. scores[4].Select(logit => logit / 0.5f)]), ClassProbabilities.Softmax(scores[4]));
        Assert.True(Math.Abs(believed[0] - said[0]) > 0.01);
        var gradients = new float[head.Parameters.Gradients!.Count];
        head.Parameters.Gradients.CopyTo(0, gradients);
        for (var output = 0; output < 2; output++)
        {
            // Of a bias, the gradient is what is said less what should be, here of four labelled texts and, counted three times, of the other one.
            var expected = Enumerable.Range(0, 4).Average(i => ClassProbabilities.Softmax(scores[i])[output] - (i % 2 == output ? 1 : 0)) + 3 * (said[output] - believed[output]);
            Assert.Equal(expected, gradients[head.Parameters["score.bias"].Offset + output], 1e-4);
        }
    }

    [Fact]
    public void A_labelled_example_that_is_known_better_than_the_bound_teaches_nothing()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model);
        var supervised = new SequenceClassificationObjective(head, Pooling.Last);
        var (labelled, unlabelled) = (Examples(6, weight: 1), Examples(2, weight: 0, first: 100));
        var progress = 0.0;
        var objective = new ConsistencyObjective(
            supervised, unlabelled, [.. unlabelled.Select(example => new[] { example.Documents[0].Tokens })], new ConsistencyOptions { Weight = 0, Annealing = SignalAnnealing.Linear }, _ => progress);
        using var evaluator = new TaskEvaluator(model);
        var losses = evaluator.Scores(supervised, labelled).Select((rows, i) => -Math.Log(ClassProbabilities.Softmax(rows[0])[i % 2])).ToList();
        Assert.InRange(losses.Count(loss => Math.Exp(-loss) > 0.5), 1, 5);
        Assert.Equal(losses.Where(loss => Math.Exp(-loss) <= 0.5).Sum() / 6, Value(model, objective, labelled), 1e-4);
        progress = 1;
        Assert.Equal(losses.Average(), Value(model, objective, labelled), 1e-4);
    }

    [Fact]
    public void Texts_without_labels_teach_that_what_their_versions_leave_out_does_not_matter()
    {
        // The class is told by a token in front and one behind; labelled texts show the first kind only, and versions leave one of the two out.
        TaskExample[] labelled = [.. Enumerable.Range(1300, 24).Select(i => Document(i, front: true, behind: false, weight: 1))];
        TaskExample[] unlabelled = [.. Enumerable.Range(0, 400).Select(i => Document(10 + i, front: true, behind: true, weight: 0))];
        TaskExample[] test = [.. Enumerable.Range(0, 100).Select(i => Document(2000 + i, front: false, behind: true, weight: 1))];
        int[][][] versions = [.. Enumerable.Range(0, 400).Select(i => new[] { Document(10 + i, front: false, behind: true, weight: 0).Documents[0].Tokens })];
        var without = Accuracy(useUnlabelled: false);
        var with = Accuracy(useUnlabelled: true);
        Assert.True(without < 0.7 && with > 0.95, $"{without} by the labels alone, {with} with the others");

        double Accuracy(bool useUnlabelled)
        {
            using var model = TinyModels.Create("llama", _backend, trainable: true);
            using var head = NewHead(model);
            var supervised = new SequenceClassificationObjective(head, Pooling.Mean);
            IObjective objective = useUnlabelled ? new ConsistencyObjective(supervised, unlabelled, versions, new ConsistencyOptions { Threshold = 0.6, Temperature = 0.5 }) : supervised;
            TrainedParameters[] trained = [.. new[] { head.Parameters, model.Parameters }.Select(set => new TrainedParameters(set, OptimizerRegistry.Create(set, new OptimizerSection { WeightDecay = 0 })))];
            using var trainer = new Trainer(model, objective, trained, seed: 1);
            var sampler = new TaskSampler(labelled, 8, 1024, 1);
            for (var step = 0; step < 150; step++) trainer.Apply(trainer.ComputeGradients(sampler.Next(), step), 0.01);
            using var evaluator = new TaskEvaluator(model);
            return Adapters.Accuracy.Of(TaskGuesses.Classes(evaluator.Scores(supervised, test)), TaskGuesses.RightClasses(test));
        }

        static TaskExample Document(int number, bool front, bool behind, float weight)
        {
            var label = number % 2;
            List<int> tokens = [.. TinyModels.Tokens(2, vocabulary: 40, seed: (ulong)number)];
            if (front) tokens.Insert(0, 40 + label);
            if (behind) tokens.Add(44 + label);
            return new TaskExample([TaskDocument.Labelled([.. tokens], label, weight)], "here");
        }
    }

    [Fact]
    public void Options_that_mean_nothing_are_refused()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = NewHead(model);
        var supervised = new SequenceClassificationObjective(head, Pooling.Last);
        Assert.Throws<CoppiceException>(() => new ConsistencyObjective(supervised, [], [], new ConsistencyOptions()));
        Assert.Throws<CoppiceException>(() => new ConsistencyObjective(supervised, Examples(1, 0), [[[1]]], new ConsistencyOptions { Temperature = 0 }));
    }

    private static TaskHead NewHead(LanguageModel model)
    {
        var head = new TaskHead(model, 2);
        head.Initialize(1);
        // Large enough for guesses of all degrees.
        var weight = head.Parameters["score.weight"].Tensor;
        weight.CopyFrom([.. weight.ToArray().Select(value => 20 * value)]);
        return head;
    }

    private static List<TaskExample> Examples(int count, float weight, int first = 0) => [.. Enumerable.Range(first, count).Select(i =>
        new TaskExample([TaskDocument.Labelled([.. TinyModels.Tokens(3 + i % 5, seed: (ulong)i)], i % 2, weight)], "here"))];

    private float Value(LanguageModel model, IObjective objective, IReadOnlyList<TaskExample> examples)
    {
        using var tape = new Tape(_backend) { Recording = false };
        var batch = objective.Prepare(TaskPacking.InOrder(examples, int.MaxValue).Single(), new PackedBatch(), 1, 1);
        return objective.Loss(tape, model, new ModelInput(model), batch, 1f / batch.CountedTokens).Item;
    }
}
