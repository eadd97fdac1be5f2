using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Adapters;

/// <summary>Everything that decides what adapting a model to a task does, as YAML. The defaults depend on the method.</summary>
public sealed record AdaptRecipe
{
    /// <summary>The seed of all random numbers. The same recipe and seed give the same adapter.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>The model that is adapted.</summary>
    public BaseSection Model { get; init; } = new();

    /// <summary>The task.</summary>
    public TaskSection Task { get; init; } = new();

    /// <summary>The method.</summary>
    public AdapterSection Adapter { get; init; } = new();

    /// <summary>The examples.</summary>
    public TaskDataSection Data { get; init; } = new();

    /// <summary>The length of the training and the shape of a step.</summary>
    public TaskTrainingSection Training { get; init; } = new();

    /// <summary>The optimizer.</summary>
    public OptimizerSection Optimizer { get; init; } = new() { Beta2 = 0.999, WeightDecay = 0 };

    /// <summary>How the learning rate goes up and down.</summary>
    public ScheduleSection Schedule { get; init; } = new() { Name = "linear" };

    /// <summary>What keys have that are not set: learning rates by method.</summary>
    /// <param name="method">The method: <c>full</c>, or one of <see cref="AdapterMethods"/>.</param>
    public static AdaptRecipe For(string method)
    {
        var (rate, head) = method switch
        {
            AdapterSection.Full or "layers" => (5e-5, 20.0),
            "ia3" or "vera" => (5e-3, 1.0),
            "pissa" or "olora" => (2e-4, 5.0),
            _ => (1e-3, 1.0),
        };
        var usual = new AdaptRecipe();
        return usual with
        {
            Adapter = usual.Adapter with { Method = method }, Optimizer = usual.Optimizer with { LearningRate = rate }, Training = usual.Training with { HeadRateFactor = head },
        };
    }

    /// <summary>Reads a recipe and checks it.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Keys that replace what the file says, such as <c>training.epochs=5</c>; later ones win.</param>
    /// <exception cref="CoppiceException">The file can't be read, or something in it is wrong: the message says where (exit code 2).</exception>
    public static AdaptRecipe Load(string path, IEnumerable<string>? overrides = null)
    {
        List<string> keys = [.. overrides ?? []];
        var method = RecipeDocument.Load<AdaptRecipe>(path, keys).Recipe.Adapter.Method;
        return Checked(RecipeDocument.Load(path, keys, For(method)));
    }

    /// <summary>Parses a recipe and checks it.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="sourceName">What messages call it: the file's path.</param>
    /// <param name="overrides">Keys that replace what the text says; later ones win.</param>
    /// <exception cref="CoppiceException">Something is wrong: the message says where (exit code 2).</exception>
    public static AdaptRecipe Parse(string text, string sourceName = "recipe", IEnumerable<string>? overrides = null)
    {
        List<string> keys = [.. overrides ?? []];
        var method = RecipeDocument.Parse<AdaptRecipe>(text, sourceName, keys).Recipe.Adapter.Method;
        return Checked(RecipeDocument.Parse(text, sourceName, keys, For(method)));
    }

    /// <summary>The recipe as YAML with every key; <see cref="Parse"/> gives an equal recipe back.</summary>
    public string ToYaml() => RecipeDocument.Write(this);

    /// <summary>Checks a recipe that was put together in code. One that was read has been checked.</summary>
    /// <exception cref="CoppiceException">Two keys don't go together, or a name is not known (exit code 2).</exception>
    public void Validate() => Check(RecipePlaces.InCode);

    /// <summary>The learning-rate schedule.</summary>
    /// <param name="steps">Steps of the run.</param>
    /// <param name="tokensPerStep">Tokens of a step, of which schedules in tokens count.</param>
    internal ISchedule CreateSchedule(long steps, long tokensPerStep)
    {
        var warmup = Schedule is { WarmupSteps: 0, WarmupTokens: 0 } ? (long)Math.Round(Training.WarmupShare * steps) : Schedule.WarmupSteps;
        return new Recipe
        {
            Optimizer = Optimizer,
            Schedule = Schedule with { WarmupSteps = warmup },
            Training = new TrainingSection { Steps = steps, BatchSize = 1, SequenceLength = (int)Math.Clamp(tokensPerStep, 1, int.MaxValue) },
        }.CreateSchedule();
    }

    private static AdaptRecipe Checked((AdaptRecipe Recipe, RecipePlaces Places) read)
    {
        read.Recipe.Check(read.Places);
        return read.Recipe;
    }

    private void Check(RecipePlaces places)
    {
        var task = Find(() => AdaptTasks.Find(Task.Name), places.Of("task.name", "task"));
        if (RecipeSections.Changed(Task).FirstOrDefault(key => key != nameof(TaskSection.Name) && !task.Reads.Contains(key)) is { } unread)
            throw CoppiceException.Usage($"{places.Of("task." + RecipeSections.KeyOf(unread))}: 'task.{RecipeSections.KeyOf(unread)}' is not for {task.Name}, which reads {string.Join(", ", task.Reads.Select(RecipeSections.KeyOf))}");
        Require(
            Task.Errors == 0 || Task.Form is DirectPreferenceForm.Conservative or DirectPreferenceForm.Robust, places.Of("task.errors"),
            "'task.errors' is for the forms conservative and robust");
        CheckMethod(places);
        Require(
            Training.Metric is "" or "loss" || task.Metrics.Contains(Training.Metric), places.Of("training.metric"),
            $"'training.metric' must be one of {string.Join(", ", task.Metrics.Append("loss").Distinct())} for {task.Name}, not '{Training.Metric}'{NearestName.Hint(Training.Metric, task.Metrics)}");
        Require(Training.Steps == 0 || Training.Epochs == new TaskTrainingSection().Epochs, places.Of("training.steps"), "'training.steps' and 'training.epochs' both say how long the training is; remove one");
        // The rules between the keys of a schedule are those of pre-training.
        new Recipe { Optimizer = Optimizer, Schedule = Schedule, Training = new TrainingSection { Steps = 1 } }.Validate();
    }

    private void CheckMethod(RecipePlaces places)
    {
        var where = places.Of("adapter.method", "adapter");
        if (!Adapter.IsFull)
        {
            Find(() => AdapterMethods.Find(Adapter.Method), where);
            if (Model.Adapter.Length > 0) RequireUsualAdapter(places, "new adapters; one that is trained further has its own settings", nameof(AdapterSection.Method), nameof(AdapterSection.LoraPlusRatio));
            return;
        }

        Require(Model.Adapter.Length == 0, places.Of("model.adapter"), "'model.adapter' is for adapters; full trains the model itself");
        RequireUsualAdapter(places, "adapters; full trains the model itself", nameof(AdapterSection.Method));
        Require(Model.Quantize == Quantization.None, places.Of("model.quantize"), "'model.quantize' is for adapters on a model that stays as it is; full changes the model's weights");
    }

    /// <summary>Refuses settings of the adapter that were changed and would not be read.</summary>
    private void RequireUsualAdapter(RecipePlaces places, string whatReadsThem, params string[] others)
    {
        if (RecipeSections.Changed(Adapter).FirstOrDefault(key => !others.Contains(key)) is not { } unread) return;
        var key = "adapter." + RecipeSections.KeyOf(unread);
        throw CoppiceException.Usage($"{places.Of(key)}: '{key}' is for {whatReadsThem}");
    }

    private static T Find<T>(Func<T> find, string where)
    {
        try
        {
            return find();
        }
        catch (CoppiceException error)
        {
            throw CoppiceException.Usage($"{where}: {error.Message}", error);
        }
    }

    private static void Require(bool holds, string where, string message)
    {
        if (!holds) throw CoppiceException.Usage($"{where}: {message}");
    }
}
