using System.Text.Json;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Training.Optimizers;

namespace Coppice.Training.Loop;

/// <summary>
/// Where a run is, beside the weights: counters, data position, optimizer state. In a checkpoint it is the folder <c>training/</c>, which can be
/// deleted where the run is not to go on. Random numbers need no state: they are functions of seed and step.
/// </summary>
public sealed record RunState
{
    /// <summary>The folder beside the model's files.</summary>
    public const string Folder = "training";

    private const string StateFile = "state.json";
    private const string OptimizerFile = "optimizer.safetensors";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Steps done, skipped ones included.</summary>
    public required long Step { get; init; }

    /// <summary>Tokens trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>Updates of the optimizer.</summary>
    public required long Updates { get; init; }

    /// <summary>Steps skipped in all.</summary>
    public required long Skipped { get; init; }

    /// <summary>Steps skipped in a row up to now.</summary>
    public required int SkippedInARow { get; init; }

    /// <summary>Seconds spent so far.</summary>
    public required double Seconds { get; init; }

    /// <summary>The losses of the latest steps.</summary>
    public required IReadOnlyList<double> RecentLosses { get; init; }

    /// <summary>The window of losses.</summary>
    public required OutlierState LossOutliers { get; init; }

    /// <summary>The window of gradient norms.</summary>
    public required OutlierState NormOutliers { get; init; }

    /// <summary>Where the data stream is.</summary>
    public required SamplerPosition Data { get; init; }

    /// <summary>Writes the state and the optimizer's buffers.</summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    /// <param name="trained">What is trained.</param>
    public void Save(string checkpoint, IReadOnlyList<TrainedParameters> trained)
    {
        var folder = Path.Combine(checkpoint, Folder);
        Directory.CreateDirectory(folder);
        var buffers = BuffersOf(trained).Select(state => TensorToWrite.Floats(state.Name, [state.Buffer.Count], (start, destination) => state.Buffer.CopyTo(start, destination)));
        SafetensorsWriter.Write(Path.Combine(folder, OptimizerFile), [.. buffers]);
        AtomicFile.WriteText(Path.Combine(folder, StateFile), JsonSerializer.Serialize(this, Options) + "\n");
    }

    /// <summary>Reads the state, and the buffers into the optimizer.</summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    /// <param name="trained">What is trained, by the same recipe.</param>
    /// <exception cref="CoppiceException">The state is missing or is another recipe's.</exception>
    public static RunState Load(string checkpoint, IReadOnlyList<TrainedParameters> trained)
    {
        var state = ReadState(checkpoint);
        using var file = OpenOptimizer(checkpoint);
        ReadBuffers(file, BuffersOf(trained));
        foreach (var set in trained) set.Optimizer.Updates = state.Updates;
        return state;
    }

    /// <summary>
    /// Reads the optimizer's part of a state alone: a new run on other data begins with it. What the state has nothing of stays as it is: an average of the weights that
    /// only the new run keeps, or all of it where the new run has another optimizer.
    /// </summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    /// <param name="optimizer">The chain of the new run.</param>
    /// <returns>The buffers that the state has nothing of.</returns>
    /// <exception cref="CoppiceException">The state is missing or is of another model.</exception>
    public static IReadOnlyList<string> LoadOptimizer(string checkpoint, OptimizerChain optimizer)
    {
        using var file = OpenOptimizer(checkpoint);
        var known = optimizer.State.Where(state => file.Contains(state.Name)).ToList();
        ReadBuffers(file, known);
        if (known.Count > 0) optimizer.Updates = ReadState(checkpoint).Updates;
        return [.. optimizer.State.Select(state => state.Name).Except(known.Select(state => state.Name))];
    }

    /// <summary>The buffers of all optimizers: those of the first set under their own names, of others with the number of the set before them.</summary>
    private static IEnumerable<(string Name, FlatBuffer Buffer)> BuffersOf(IReadOnlyList<TrainedParameters> trained) => trained.SelectMany(
        (set, number) => set.Optimizer.State.Select(state => (number == 0 ? state.Name : FormattableString.Invariant($"{number}.{state.Name}"), state.Buffer)));

    private static RunState ReadState(string checkpoint)
    {
        var path = Path.Combine(checkpoint, Folder, StateFile);
        try
        {
            return JsonSerializer.Deserialize<RunState>(File.ReadAllBytes(path), Options) ?? throw new JsonException("it is empty");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: the state of the run can't be read: {error.Message}", inner: error);
        }
    }

    private static SafetensorsFile OpenOptimizer(string checkpoint) => SafetensorsFile.Open(Path.Combine(checkpoint, Folder, OptimizerFile));

    private static void ReadBuffers(SafetensorsFile file, IEnumerable<(string Name, FlatBuffer Buffer)> buffers)
    {
        var part = new float[1 << 20];
        foreach (var (name, buffer) in buffers)
        {
            if (file.Find(name).Count != buffer.Count) throw new CoppiceException($"{file.Path}: '{name}' has {file.Find(name).Count} values, the model needs {buffer.Count}: it is another recipe's");
            for (var start = 0L; start < buffer.Count; start += part.Length)
            {
                var span = part.AsSpan(0, (int)Math.Min(part.Length, buffer.Count - start));
                file.ReadFloats(name, start, span);
                buffer.CopyFrom(span, start);
            }
        }
    }

    /// <summary>Reads a checkpoint's weights into a model of the same configuration.</summary>
    /// <param name="checkpoint">The checkpoint's directory.</param>
    /// <param name="model">The model.</param>
    public static void LoadWeights(string checkpoint, LanguageModel model)
    {
        using var saved = ModelDirectory.Load(checkpoint, model.Backend);
        if (saved.Parameters.Values.Count != model.Parameters.Values.Count) throw new CoppiceException($"{checkpoint}: the checkpoint is of another model than the recipe's");
        model.Parameters.Values.CopyFrom(saved.Parameters.Values);
    }
}
