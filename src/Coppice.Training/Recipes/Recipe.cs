using Coppice.Foundation;
using Coppice.Training.Schedules;

namespace Coppice.Training.Recipes;

/// <summary>
/// Everything that decides what a run does: YAML, one section per record here, one key per property in snake_case. The defaults are what a
/// practitioner would try first on a small model.
/// </summary>
public sealed record Recipe
{
    /// <summary>The seed of all random numbers. The same recipe and seed give the same model.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>The model's architecture and size.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>The tokenizer.</summary>
    public TokenizerSection Tokenizer { get; init; } = new();

    /// <summary>The text.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>What the model learns to do.</summary>
    public ObjectiveSection Objective { get; init; } = new();

    /// <summary>The length of the run and the shape of a step.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>The optimizer.</summary>
    public OptimizerSection Optimizer { get; init; } = new();

    /// <summary>How the learning rate goes up and down.</summary>
    public ScheduleSection Schedule { get; init; } = new();

    /// <summary>What is measured and shown while the run goes on.</summary>
    public EvaluationSection Evaluation { get; init; } = new();

    /// <summary>Reads a recipe, checks it and resolves it.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Keys that replace what the file says, such as <c>training.steps=100</c>; later ones win.</param>
    /// <exception cref="CoppiceException">The file can't be read, or something in it is wrong: the message says where (exit code 2).</exception>
    public static Recipe Load(string path, IEnumerable<string>? overrides = null) => Checked(RecipeDocument.Load<Recipe>(path, overrides));

    /// <summary>Parses a recipe, checks it and resolves it.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="sourceName">What messages call it: the file's path.</param>
    /// <param name="overrides">Keys that replace what the text says; later ones win.</param>
    /// <exception cref="CoppiceException">Something is wrong: the message says where (exit code 2).</exception>
    public static Recipe Parse(string text, string sourceName = "recipe", IEnumerable<string>? overrides = null) =>
        Checked(RecipeDocument.Parse<Recipe>(text, sourceName, overrides));

    /// <summary>Checks a recipe that was put together in code. One that was loaded has been checked.</summary>
    /// <exception cref="CoppiceException">Two keys don't go together (exit code 2).</exception>
    public void Validate() => RecipeValidation.Check(this, RecipePlaces.InCode);

    /// <summary>The recipe with every 0 that means "the usual" in the model's section replaced by its value, and the objective's name. One that was loaded is resolved.</summary>
    public Recipe Resolve()
    {
        var objective = Objective.Resolve(Model.Architecture);
        return this with { Model = Model.Resolve(Training.SequenceLength, objective.Name), Objective = objective };
    }

    /// <summary>The recipe as YAML with every key; <see cref="Parse"/> gives an equal recipe back.</summary>
    public string ToYaml() => RecipeDocument.Write(Resolve());

    /// <summary>The learning-rate schedule that the sections describe together.</summary>
    /// <exception cref="CoppiceException">The schedule's name is not known (exit code 2).</exception>
    public ISchedule CreateSchedule()
    {
        var inTokens = Schedule.Unit == ScheduleUnit.Tokens;
        var perStep = Training.TokensPerStep;
        var prior = inTokens ? Schedule.PriorTokens : Schedule.PriorTokens / perStep;
        return ScheduleRegistry.Create(Schedule.Name, new ScheduleSettings
        {
            PeakLearningRate = Optimizer.LearningRate,
            FinalLearningRate = Schedule.FinalLearningRate,
            DecayShare = Schedule.DecayShare,
            DecayShape = Schedule.DecayShape,
            ConstantLearningRate = Schedule.ConstantLearningRate,
            Cooldown = inTokens ? Schedule.CooldownSteps * perStep : Schedule.CooldownSteps,
            CooldownShape = Schedule.CooldownShape,
            PowerExponent = Schedule.PowerExponent,
            PowerAmplitude = Schedule.PowerAmplitude,
            BatchTokens = perStep,
            Prior = prior,
            Warmup = inTokens
                ? Schedule.WarmupTokens > 0 ? Schedule.WarmupTokens : Schedule.WarmupSteps * perStep
                : Schedule.WarmupTokens > 0 ? (Schedule.WarmupTokens + perStep - 1) / perStep : Schedule.WarmupSteps,
            Total = prior + (inTokens ? Training.TotalSteps * perStep : Training.TotalSteps),
            TokensPerStep = inTokens ? perStep : 0,
        });
    }

    private static Recipe Checked((Recipe Recipe, RecipePlaces Places) read)
    {
        RecipeValidation.Check(read.Recipe, read.Places);
        return read.Recipe.Resolve();
    }
}
