using Coppice.Evaluation;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;

namespace Coppice.Continual.Updates;

/// <summary>Measures every source while an update runs, from before its first step: what shows the stability gap.</summary>
internal sealed class SourceProbe : IRunProbe
{
    private readonly HashSet<long> _steps;
    private readonly IReadOnlyList<HeldOutSource> _sources;
    private readonly Tokenizer _tokenizer;

    /// <summary>A probe.</summary>
    /// <param name="steps">The steps after which to measure.</param>
    /// <param name="sources">Small parts of the sources.</param>
    /// <param name="tokenizer">What made their tokens.</param>
    public SourceProbe(IEnumerable<long> steps, IReadOnlyList<HeldOutSource> sources, Tokenizer tokenizer) => (_steps, _sources, _tokenizer) = ([.. steps], sources, tokenizer);

    /// <inheritdoc/>
    public bool IsDue(long step, long totalSteps) => _steps.Contains(step);

    /// <inheritdoc/>
    public double? Measure(RunMoment moment)
    {
        using var scorer = new DocumentScorer(moment.Model, _tokenizer);
        foreach (var source in _sources)
        {
            var scores = source.Score(scorer);
            var tokens = scores.Sum(score => score.Tokens);
            moment.Tell(new EvaluationMetrics
            {
                Step = moment.Step, Tokens = moment.Tokens, Source = source.Name, Loss = scores.Sum(score => score.Nats) / Math.Max(1, tokens),
                BitsPerByte = HeldOutSource.BitsPerByte(scores), EvaluatedTokens = tokens,
            });
        }

        return null;
    }
}
