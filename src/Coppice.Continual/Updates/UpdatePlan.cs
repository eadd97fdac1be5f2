using Coppice.Continual.Recipes;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Checkpoints;
using Coppice.Training.Objectives;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Continual.Updates;

/// <summary>What a recipe comes to for one parent and one text: share, length, learning rate.</summary>
internal sealed record UpdatePlan
{
    // The measurements of all sources together cost about a third of so many tokens of training.
    private const double MeasuredShare = 0.15;
    private const long FewestPartTokens = 4_096;
    private const long MostPartTokens = 65_536;

    /// <summary>How far the new text lies from the old; null without old text.</summary>
    public required Shift? Shift { get; init; }

    /// <summary>How the share was found by trials; null where it was not.</summary>
    public required FittedShare? FittedShare { get; init; }

    /// <summary>The share of old tokens.</summary>
    public required double ReplayShare { get; init; }

    /// <summary>The weight of the divergence from the parent on them.</summary>
    public required double KlWeight { get; init; }

    /// <summary>Length and shape.</summary>
    public required TrainingSection Training { get; init; }

    /// <summary>The learning rate.</summary>
    public required ISchedule Schedule { get; init; }

    /// <summary>The text.</summary>
    public required SequenceSampler Sampler { get; init; }

    /// <summary>The new sources of the sampler, which come first.</summary>
    public required int AddedSources { get; init; }

    /// <summary>The trunk that the update begins from; null for the release.</summary>
    public required Checkpoint? Trunk { get; init; }

    /// <summary>After how many steps the update's own trunk is saved; null where the schedule has none.</summary>
    public required long? TrunkStep { get; init; }

    /// <summary>Steps.</summary>
    public long Steps => Training.TotalSteps;

    /// <summary>Decides what the recipe leaves open.</summary>
    public static UpdatePlan Make(
        UpdateRequest request, ParentModel parent, LanguageModel teacher, UpdateStart start, UpdateData data, AddedText added, Baseline baseline, IObjective objective,
        CancellationToken cancellation)
    {
        var recipe = request.Recipe;
        cancellation.ThrowIfCancellationRequested();
        var shift = Continual.Updates.Shift.Measure([.. data.HeldOutOfParent.Select((source, i) => (source, baseline.BitsPerByte(i)))]);
        if (shift is not null)
        {
            request.Notice(FormattableString.Invariant(
                $"the new text takes {100 * shift.Excess:+0;-0} % of bits per byte beyond the old under the parent, and {shift.BytesPerToken:F2} of its bytes per token: a {(shift.IsStrong ? "strong" : "weak")} shift"));
        }

        var canReplay = data.Old.Any(text => text.Store is not null);
        if (recipe.Replay.Share > 0 && !canReplay)
            throw CoppiceException.Usage($"{parent.Directory}: remembers no text to replay; give old text with --replay-data FILE, let the parent write some with --replay generated, or set --share 0");
        if (!canReplay && recipe.Replay.Share < 0) request.Notice("warning: there is no old text to replay, and none to measure forgetting on; give some with --replay-data FILE");
        var share = recipe.Replay.Share >= 0 ? recipe.Replay.Share : canReplay ? shift?.ReplayShare ?? Continual.Updates.Shift.UsualReplayShare : 0;
        var weight = share == 0 || (!objective.MeasuresText && recipe.Replay.KlWeight < 0) ? 0 : recipe.Replay.KlWeight >= 0 ? recipe.Replay.KlWeight : shift?.KlWeight ?? Continual.Updates.Shift.UsualKlWeight;
        var fitted = recipe.Replay.ShareByLaw && canReplay && data.HeldOut.Any(source => !source.New)
            ? ShareTrials.Find(request, start, data, added, objective, teacher, parent.Tokenizer, Sized(recipe, added, share), weight, cancellation)
            : null;
        if (fitted is not null) request.Notice($"share: {fitted.Explanation}");
        share = fitted?.Share ?? share;
        request.Notice(FormattableString.Invariant($"{100 * share:0.#} % of the tokens are old ones{(weight > 0 ? FormattableString.Invariant($", held to the parent with a weight of {weight:0.##}") : "")}"));
        var training = Sized(recipe, added, share);
        RequireContext(teacher, training);
        var schedule = recipe.Schedule;
        if (schedule is { WarmupSteps: 0, WarmupTokens: 0 } && start.Trunk is null) schedule = schedule with { WarmupSteps = (long)Math.Ceiling(recipe.Start.WarmupShare * training.TotalSteps) };
        var learningRate = new Recipe { Training = training, Optimizer = recipe.Optimizer, Schedule = schedule }.CreateSchedule();
        var decay = (learningRate as IBranchingSchedule)?.DecayStart ?? 0;
        return new UpdatePlan
        {
            Shift = shift, FittedShare = fitted, ReplayShare = share, KlWeight = weight, Training = training, Schedule = learningRate, Trunk = start.Trunk,
            Sampler = data.Sampler(added.Sources, recipe, share), AddedSources = added.Sources.Count, TrunkStep = decay > 0 && decay < training.TotalSteps ? decay : null,
        };
    }

    /// <summary>Tokens of a source for one measurement during the update: few enough that all measurements cost about a twentieth of it.</summary>
    /// <param name="points">Measurements.</param>
    /// <param name="sources">Sources.</param>
    public long PartTokens(int points, int sources) =>
        Math.Clamp((long)(MeasuredShare * Steps * Training.TokensPerStep / Math.Max(1, points * sources)), FewestPartTokens, MostPartTokens);

    private static TrainingSection Sized(UpdateRecipe recipe, AddedText added, double share) => recipe.Training is { Steps: 0, Tokens: 0 } training
        ? training with { Tokens = Math.Max(training.TokensPerStep, (long)(recipe.Epochs * added.Tokens / (1 - share))) }
        : recipe.Training;

    private static void RequireContext(LanguageModel model, TrainingSection training)
    {
        if (training.SequenceLength > model.Configuration.MaxPositions)
            throw CoppiceException.Usage($"'training.sequence_length' is {training.SequenceLength}, but the model takes at most {model.Configuration.MaxPositions} tokens");
    }
}
