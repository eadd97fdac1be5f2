using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;

namespace Coppice.Adapters;

/// <summary>Measures the task every so many steps and at the end, keeps the weights of the best measurement, and ends a training that gets no better. All of it survives a checkpoint.</summary>
/// <param name="every">Steps between measurements.</param>
/// <param name="stopping">What is best, and when it is enough.</param>
/// <param name="endsEarly">Whether it is ever enough before the end.</param>
/// <param name="best">Takes the best weights.</param>
/// <param name="measure">Measures.</param>
/// <param name="valueOf">The number of a measurement that decides.</param>
internal sealed class TaskProbe(long every, EarlyStopping stopping, bool endsEarly, BestWeights best, Func<TaskMetrics> measure, Func<TaskMetrics, double> valueOf) : IRunProbe
{
    private const string StateFile = "measured.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <inheritdoc/>
    public bool ShouldStop => endsEarly && stopping.ShouldStop;

    /// <inheritdoc/>
    public bool IsDue(long step, long totalSteps) => step > 0 && (step % every == 0 || step == totalSteps);

    /// <inheritdoc/>
    public double? Measure(RunMoment moment)
    {
        var measured = measure();
        if (stopping.Add(moment.Step, valueOf(measured))) best.Take();
        moment.Tell(new EvaluationMetrics
        {
            Step = moment.Step, Tokens = moment.Tokens, Loss = measured.Loss, EvaluatedTokens = measured.Values[measured.Primary].Examples, Whole = true,
            Metrics = measured.Values.ToDictionary(pair => pair.Key, pair => pair.Value.Value),
        });
        return measured.Loss;
    }

    /// <inheritdoc/>
    public void Save(string checkpoint)
    {
        best.Save(checkpoint);
        AtomicFile.WriteText(Path.Combine(checkpoint, StateFile), JsonSerializer.Serialize(stopping.State, Options) + "\n");
    }

    /// <inheritdoc/>
    public void Restore(string checkpoint)
    {
        var path = Path.Combine(checkpoint, StateFile);
        try
        {
            stopping.State = JsonSerializer.Deserialize<EarlyStoppingState>(File.ReadAllBytes(path), Options) ?? throw new JsonException("it is empty");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: what was measured can't be read: {error.Message}", inner: error);
        }

        if (stopping.BestStep >= 0) best.Restore(checkpoint);
    }
}
