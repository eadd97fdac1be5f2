using System.ComponentModel.DataAnnotations;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Recipes;

/// <summary>
/// Everything that decides what an update does: YAML as for a training recipe. The defaults of the sections that a parent has too (shape of a step,
/// optimizer) are the parent's.
/// </summary>
public sealed record UpdateRecipe
{
    /// <summary>The seed of all random numbers. The same parent, recipe and seed give the same model.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>The model to update: a model directory, or a run's.</summary>
    public string Parent { get; init; } = "";

    /// <summary>The new text.</summary>
    public DataSection Data { get; init; } = new() { Validation = new ValidationSection { Share = 0.1 } };

    /// <summary>How many times the new text is gone through, where training gives neither steps nor tokens.</summary>
    [Range(0.0, 1_000.0, MinimumIsExclusive = true)]
    public double Epochs { get; init; } = 2;

    /// <summary>Where the update begins.</summary>
    public StartSection Start { get; init; } = new();

    /// <summary>Earlier text in the update.</summary>
    public ReplaySection Replay { get; init; } = new();

    /// <summary>What protects old ability beside replay.</summary>
    public ProtectionSection Protection { get; init; } = new();

    /// <summary>A part of the new text, chosen by quality and gone through several times.</summary>
    public SubsetSection Subset { get; init; } = new();

    /// <summary>New tokens for the new text.</summary>
    public VocabularySection Vocabulary { get; init; } = new();

    /// <summary>What the model goes on learning to do; the parent's objective where nothing else is said.</summary>
    public ObjectiveSection Objective { get; init; } = new();

    /// <summary>The length of the update and the shape of a step.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>The optimizer.</summary>
    public OptimizerSection Optimizer { get; init; } = new();

    /// <summary>How the learning rate goes up and down.</summary>
    public ScheduleSection Schedule { get; init; } = new() { Name = "wsd", DecayShare = 0.3 };

    /// <summary>What is measured.</summary>
    public UpdateEvaluationSection Evaluation { get; init; } = new();

    /// <summary>What the updated model must still know to be released.</summary>
    public GateSection Gate { get; init; } = new();

    /// <summary>
    /// The recipe for a parent where nothing else is said: the shape of a step is the parent's own, and the learning rate half of its peak, which forgets less for what
    /// it learns.
    /// </summary>
    /// <param name="parent">The parent.</param>
    public static UpdateRecipe For(ParentModel parent)
    {
        var recipe = new UpdateRecipe { Parent = parent.Directory, Objective = ObjectiveOf(parent.Provenance) };
        if (parent.Provenance?.Training is not { } training) return recipe;
        return recipe with
        {
            Training = recipe.Training with { BatchSize = training.BatchSize, SequenceLength = training.SequenceLength },
            Optimizer = recipe.Optimizer with { LearningRate = training.LearningRate / 2 },
        };
    }

    /// <summary>The recipe as YAML with every key.</summary>
    public string ToYaml() => RecipeDocument.Write(this);

    /// <summary>Checks what must hold between the keys.</summary>
    /// <exception cref="CoppiceException">Two keys don't go together (exit code 2).</exception>
    public void Validate()
    {
        Require(Parent.Length > 0, "there is no model to update: name one");
        Require(Data.Sources.Count > 0, "there is no new text: name files or folders with --data, or under data.sources");
        Require(Data.Validation.Split != ValidationSplit.None, "'data.validation.split' is none: without text kept apart nothing can be proved of an update");
        Require(RecipeMixture.IsFixed(Data), "'data.mixture', 'max_epochs' and 'max_tokens' are for pre-training; an update mixes its new text by weight, and replays by 'replay.share'");
        Require(Training.Steps == 0 || Training.Tokens == 0, "'training.steps' and 'training.tokens' both say how long the update is; remove one");
        Require(Training.BatchSize % Training.Accumulation == 0, $"'training.accumulation' ({Training.Accumulation}) must divide 'training.batch_size' ({Training.BatchSize})");
        Require(Schedule.WarmupSteps == 0 || Schedule.WarmupTokens == 0, "'schedule.warmup_steps' and 'schedule.warmup_tokens' both say how long the warm-up is; remove one");
    }

    /// <summary>What a model was trained for, as its recipe says; the architecture's own where that can't be known.</summary>
    private static ObjectiveSection ObjectiveOf(Provenance? provenance)
    {
        if (provenance is null) return new ObjectiveSection();
        try
        {
            return provenance.Parent is null ? RecipeDocument.Parse<Recipe>(provenance.Recipe).Recipe.Objective : RecipeDocument.Parse<UpdateRecipe>(provenance.Recipe).Recipe.Objective;
        }
        catch (CoppiceException)
        {
            // Written by another version, or by hand.
            return new ObjectiveSection();
        }
    }

    private static void Require(bool holds, string message)
    {
        if (!holds) throw CoppiceException.Usage(message);
    }
}
