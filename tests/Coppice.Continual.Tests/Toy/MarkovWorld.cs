using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Schedules;

namespace Coppice.Continual.Tests.Toy;

/// <summary>
/// Sources over the same symbols that contradict each other completely, the hardest shift there is, and a model small enough to be updated in
/// seconds: A is what a parent knows, B what it is to learn. As a class fixture, tests of a class share one; all share the parent's weights.
/// </summary>
public sealed class MarkovWorld : IDisposable
{
    /// <summary>Tokens of a sequence, and the model's context.</summary>
    public const int SequenceLength = 32;

    /// <summary>Sequences of a step.</summary>
    public const int SequencesPerStep = 48;

    private const int ParentSteps = 600;

    // A pass over this much is as costly as one step of training.
    private const int TokensOnTheWay = 4096;

    private static readonly Gpt2Configuration Configuration = new()
    {
        VocabularySize = MarkovSource.Symbols, HiddenSize = 32, Layers = 2, Heads = 4, MaxPositions = SequenceLength, IntermediateSize = 128,
        TieEmbeddings = false, InitializerRange = 0.1f,
    };

    // Trained once in a process, on a backend of one thread like all others here: xunit runs classes side by side.
    private static readonly Lazy<float[]> ParentWeights = new(TrainParent);

    private readonly Lazy<LanguageModel> _parent;

    /// <summary>A world of A and B.</summary>
    public MarkovWorld()
        : this(sources: 2)
    {
    }

    private MarkovWorld(int sources)
    {
        Backend = Backends.Create(threads: 1);
        Sources = [.. Enumerable.Range(0, sources).Select(i => new MarkovSource($"{(char)('A' + i)}", 100 + (ulong)i, trainingTokens: 250_000, heldOutTokens: 12_000))];
        _parent = new Lazy<LanguageModel>(() => FromWeights(ParentWeights.Value, trainable: false));
    }

    /// <summary>What computes: one thread.</summary>
    public Backend Backend { get; }

    /// <summary>A, B and so on.</summary>
    public IReadOnlyList<MarkovSource> Sources { get; }

    /// <summary>A model that was trained on A. Frozen and shared: copy it.</summary>
    public LanguageModel Parent => _parent.Value;

    /// <summary>A world of several sources, the first of which is A.</summary>
    /// <param name="sources">How many.</param>
    public static MarkovWorld Of(int sources) => new(sources);

    /// <summary>A new model.</summary>
    /// <param name="seed">Decides its initial weights.</param>
    public LanguageModel NewModel(ulong seed = 1)
    {
        var model = Configuration.Create(Backend);
        model.Initialize(seed);
        return model;
    }

    /// <summary>A trainable copy of the parent.</summary>
    public LanguageModel NewChild() => FromWeights(ParentWeights.Value, trainable: true);

    /// <summary>Mean nats of a held-out token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">The source's number.</param>
    public double Loss(LanguageModel model, int source)
    {
        using var tape = new Tape(Backend);
        return Loss(model, source, tape, maxTokens: 0);
    }

    /// <summary>Trains a model on B (or another source) with some A in it.</summary>
    /// <param name="child">A trainable model, usually a copy of the parent; changed.</param>
    /// <param name="arm">How.</param>
    /// <param name="newSource">What is learned.</param>
    /// <param name="oldSource">What is replayed and measured on the way.</param>
    public UpdateOutcome Update(LanguageModel child, UpdateArm arm, int newSource = 1, int oldSource = 0)
    {
        var sampler = new SequenceSampler(Mixed(arm, Sources[newSource], Sources[oldSource]), SequenceLength, arm.Seed, mixture: arm.Mixture);
        var (highest, highestStep) = (double.NegativeInfinity, 0);
        Train(child, sampler, arm, (tape, step) =>
        {
            if (step % arm.MeasureEvery != 0 && step != arm.Steps) return;
            var old = Loss(child, oldSource, tape, TokensOnTheWay);
            if (old > highest) (highest, highestStep) = (old, step);
        });
        return new UpdateOutcome(Loss(child, oldSource), Loss(child, newSource), highest, highestStep);
    }

    /// <summary>A copy of the parent after an update. The caller wants only the outcome.</summary>
    /// <param name="arm">How.</param>
    public UpdateOutcome Update(UpdateArm arm)
    {
        using var child = NewChild();
        return Update(child, arm);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_parent.IsValueCreated) Parent.Dispose();
        foreach (var source in Sources) source.Dispose();
        Backend.Dispose();
    }

    private static SamplerSource[] Mixed(UpdateArm arm, MarkovSource added, MarkovSource replayed) => arm.ReplayShare == 0
        ? [new SamplerSource(added.Name, added.Training)]
        : [new SamplerSource(added.Name, added.Training, 1 - arm.ReplayShare), new SamplerSource(replayed.Name, arm.Replayed ?? replayed.Training, arm.ReplayShare)];

    private static float[] TrainParent()
    {
        using var world = Of(1);
        using var model = world.NewModel();
        var sampler = new SequenceSampler([new SamplerSource("A", world.Sources[0].Training)], SequenceLength, seed: 1);
        Train(model, sampler, new UpdateArm { Steps = ParentSteps }, (_, _) => { });
        var weights = new float[model.Parameters.Values.Count];
        model.Parameters.Values.CopyTo(0, weights);
        return weights;
    }

    private static void Train(LanguageModel model, SequenceSampler sampler, UpdateArm arm, Action<Tape, int> measure)
    {
        var schedule = arm.Schedule ?? new CosineSchedule(new ScheduleSettings { PeakLearningRate = 5e-3, FinalLearningRate = 5e-4, Warmup = 3, Total = arm.Steps });
        var parameters = model.Parameters;
        List<GradientTransform> chain = [new ClipByGlobalNorm(1), new ScaleByAdam(parameters, 0.9, 0.95, 1e-8)];
        if (arm.Transforms is not null) chain.AddRange(arm.Transforms(parameters));
        if (arm.WeightDecay > 0) chain.Add(new AddDecayedWeights(arm.WeightDecay, vectors: true));
        chain.Add(new ScaleByLearningRate());
        using var trainer = new Trainer(model, arm.Objective ?? new CausalObjective(), new OptimizerChain(parameters, chain), arm.Seed, arm.Regularisers);
        PackedBatch[] batches = [.. Enumerable.Range(0, arm.MicroBatches).Select(_ => new PackedBatch())];
        for (var step = 0; step < arm.Steps; step++)
        {
            foreach (var batch in batches) sampler.Next(batch, SequencesPerStep / batches.Length);
            trainer.Apply(trainer.ComputeGradients(batches, step), schedule.LearningRate(step, 0));
            arm.AfterStep?.Invoke(step + 1);
            measure(trainer.Tape, step + 1);
        }
    }

    private LanguageModel FromWeights(float[] weights, bool trainable)
    {
        var model = Configuration.Create(Backend, trainable);
        model.Parameters.Values.CopyFrom(weights, 0);
        return model;
    }

    private double Loss(LanguageModel model, int source, Tape tape, long maxTokens) =>
        new ValidationLoss(model, [Sources[source].HeldOut], SequencesPerStep, SequenceLength, tape).Measure(maxTokens).Loss;
}
