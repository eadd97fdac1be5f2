using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Training.Metrics;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// Trains a classification with few labels: first the model writes more examples, then it is trained, with versions of unlabelled texts where that was asked for, and then
/// round by round on its own guesses.
/// </summary>
public sealed class FewLabelTraining : IDisposable
{
    private readonly AdaptBase _base;
    private readonly AdaptRecipe _recipe;
    private readonly TaskData? _validation;
    private readonly FewLabelSettings _settings;
    private readonly Action<string>? _notice;

    private FewLabelTraining(AdaptBase @base, AdaptRecipe recipe, TaskData? validation, FewLabelSettings settings, Action<string>? notice) =>
        (_base, _recipe, _validation, _settings, _notice) = (@base, recipe, validation, settings, notice);

    /// <summary>The trained model; disposed with this.</summary>
    public Adaptation Adaptation { get; private set; } = null!;

    /// <summary>What the last training came to.</summary>
    public AdaptationResult Result { get; private set; } = null!;

    /// <summary>Trains.</summary>
    /// <param name="base">The frozen base.</param>
    /// <param name="recipe">The recipe, of a classification.</param>
    /// <param name="training">Texts with labels: every class is among them.</param>
    /// <param name="validation">Texts to measure on; null for none.</param>
    /// <param name="settings">What is done.</param>
    /// <param name="notice">Told in a line what each stage came to. Null for nobody.</param>
    /// <param name="observers">Of the trainings.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CoppiceException">Settings, recipe and data don't go together, or training failed.</exception>
    public static FewLabelTraining Run(
        AdaptBase @base, AdaptRecipe recipe, TaskData<LabelledText> training, TaskData? validation, FewLabelSettings settings, Action<string>? notice = null,
        IReadOnlyList<IRunObserver>? observers = null, CancellationToken cancellation = default)
    {
        settings.Check(training.Items);
        var run = new FewLabelTraining(@base, recipe, validation, settings, notice);
        try
        {
            IReadOnlyList<LabelledText> texts = [.. training.Items, .. settings.Annotated];
            if (settings.OwnSamples is not null) texts = [.. texts, .. run.WriteSamples(texts, observers, cancellation)];
            if (settings.SelfTraining is null) run.Train(texts, observers, cancellation);
            else run.TrainOnGuesses(texts, settings.SelfTraining, observers, cancellation);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>What a trained classifier says of texts.</summary>
    /// <param name="adaptation">The classifier.</param>
    /// <param name="texts">The texts.</param>
    /// <returns>[texts][classes].</returns>
    public static IReadOnlyList<float[]> Probabilities(Adaptation adaptation, IReadOnlyList<UnlabelledText> texts)
    {
        // The label is not looked at.
        var label = adaptation.Description!.Labels[0];
        return ClassProbabilities.Of(adaptation.Scores(new TaskData<LabelledText>([.. texts.Select(text => text.As(label))])));
    }

    /// <inheritdoc/>
    public void Dispose() => Adaptation?.Dispose();

    private void Train(IReadOnlyList<LabelledText> texts, IReadOnlyList<IRunObserver>? observers, CancellationToken cancellation)
    {
        Adaptation?.Dispose();
        Adaptation = Adaptation.Prepare(_base, _recipe, new TaskData<LabelledText>(texts), _validation, _settings.Consistency is null ? null : Consistent);
        Result = Adaptation.Train(observers, cancellation);
    }

    private void TrainOnGuesses(IReadOnlyList<LabelledText> texts, SelfTrainingOptions options, IReadOnlyList<IRunObserver>? observers, CancellationToken cancellation) =>
        SelfTraining.Run(
            texts, _settings.Unlabelled, options,
            (examples, _) =>
            {
                cancellation.ThrowIfCancellationRequested();
                Train(examples, observers, cancellation);
            },
            unlabelled => (Adaptation.Description!.Labels, Probabilities(Adaptation, unlabelled)),
            (round, guesses) => _notice?.Invoke(FormattableString.Invariant($"self-training, round {round}: {guesses.Count} of {_settings.Unlabelled.Count} guesses are believed")));

    private ConsistencyObjective Consistent(IObjective objective)
    {
        if (objective is not SequenceClassificationObjective supervised) throw CoppiceException.Usage("consistency training is for a classification");
        var unlabelled = UnlabelledText.Render(_settings.Unlabelled, _base.Tokenizer, TaskContext.MostTokens(_base.Model, _recipe.Training.MaxTokens));
        var seed = (ulong)_recipe.Seed;
        IReadOnlyList<int[][]> versions;
        if (_settings.Augmentation == Augmentation.Masked)
        {
            using var replacement = new MaskedReplacement(_base.Model, _base.Tokenizer, _settings.AugmentedShare);
            versions = replacement.Versions(unlabelled, _settings.Versions, seed);
        }
        else
        {
            versions = new TokenDrop(_base.Tokenizer, _settings.AugmentedShare).Versions(unlabelled, _settings.Versions, seed);
        }

        return new ConsistencyObjective(supervised, unlabelled, versions, _settings.Consistency!, number => (double)(number / (ulong)_recipe.Training.BatchSize) / Adaptation.TotalSteps);
    }

    /// <summary>Texts that the model writes after it has learned to, and that a classifier trained on the given ones finds to be of their class.</summary>
    private IReadOnlyList<LabelledText> WriteSamples(IReadOnlyList<LabelledText> known, IReadOnlyList<IRunObserver>? observers, CancellationToken cancellation)
    {
        var (options, labels) = (_settings.OwnSamples!, LabelSet.Of(known.Select(text => text.Label)).Names);
        // An adapter that is trained further tells classes: another one learns to write.
        var lessons = _recipe with { Model = _recipe.Model with { Adapter = "" }, Task = new TaskSection { Name = "sft" }, Training = _recipe.Training with { Metric = "", Patience = 0 } };
        IReadOnlyList<LabelledText> written;
        using (var writer = Adaptation.Prepare(_base, lessons, new TaskData<Conversation>(OwnSamples.Lessons(known))))
        {
            writer.Train(observers, cancellation);
            using var generator = new TextGenerator(writer.Model, _base.Tokenizer);
            var most = writer.Examples.Examples.Max(example => example.CountedTargets);
            written = OwnSamples.Write(
                labels, known.Select(text => text.Text), options,
                (prompt, number) => generator.Generate(prompt, new GenerationOptions { MaxTokens = most, Temperature = 1, TopP = 0.9, Seed = (ulong)_recipe.Seed + number }, null, cancellation).Text,
                cancellation);
        }

        if (written.Count == 0) return [];
        Train(known, observers, cancellation);
        var kept = OwnSamples.Keep(written, labels, Probabilities(Adaptation, [.. written.Select(text => new UnlabelledText(text.Text, null, text.Where))]), options);
        _notice?.Invoke(FormattableString.Invariant($"own samples: {kept.Count} of {written.Count} different texts are kept"));
        return kept;
    }
}
