using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// Draws tokens. The n-th token of a generation depends on its logits, the seed and n alone: a counter-based random number for each position,
/// so that neither threads nor what was drawn before decide.
/// </summary>
internal sealed class TokenSampler
{
    private readonly bool _greedy;
    private readonly int? _top;
    private readonly List<ILogitsStep> _steps = [];
    private readonly ConstraintStep? _constraint;
    private readonly Philox _random;
    private float[] _logits = [];

    /// <summary>A sampler for one generation.</summary>
    /// <param name="options">What is done to the logits, and the seed.</param>
    /// <param name="prompt">The tokens of the prompt.</param>
    /// <param name="constraint">What holds the text to a constraint; null where it has none.</param>
    public TokenSampler(GenerationOptions options, ReadOnlySpan<int> prompt = default, ConstraintStep? constraint = null)
    {
        _random = new Philox(options.Seed, stream: 0);
        _top = options.LogProbabilities;
        _greedy = options.Temperature == 0;
        _constraint = constraint;
        if (constraint is not null) _steps.Add(constraint);
        if (options.RepetitionPenalty != 1) _steps.Add(new RepetitionPenalty(options.RepetitionPenalty, prompt));
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0) _steps.Add(new OccurrencePenalty(options.PresencePenalty, options.FrequencyPenalty));
        if (options.LogitBias.Count > 0) _steps.Add(new LogitBias(options.LogitBias));
        if (_greedy) return;
        if (options.Temperature != 1) _steps.Add(new Temperature(options.Temperature));
        if (options.TopK > 0) _steps.Add(new TopK(options.TopK));
        if (options.TopP < 1) _steps.Add(new TopP(options.TopP));
        if (options.MinP > 0) _steps.Add(new MinP(options.MinP));
    }

    /// <summary>Whether the text keeps to a constraint that allows no further token.</summary>
    public bool IsComplete => _constraint is { IsComplete: true };

    /// <summary>How probable the token drawn last was; null where that was not asked for.</summary>
    public TokenLogProbabilities? LogProbabilities { get; private set; }

    /// <summary>The next token.</summary>
    /// <param name="logits">[vocabulary]; changed.</param>
    /// <param name="position">How many tokens of the generation came before.</param>
    /// <exception cref="CoppiceException">The logits are not finite.</exception>
    public int Next(Span<float> logits, int position)
    {
        CheckFinite(logits);
        if (_top is not null) Keep(logits);
        foreach (var step in _steps) step.Apply(logits);
        var token = _greedy ? MostProbable(logits) : Draw(logits, _random.UniformDouble((ulong)position));
        foreach (var step in _steps) step.Accept(token);
        if (_top is { } top) LogProbabilities = TokenLogProbabilities.Of(_logits.AsSpan(0, logits.Length), token, top);
        return token;
    }

    /// <summary>Refuses logits of which nothing can be drawn.</summary>
    /// <param name="logits">Any number of them.</param>
    /// <exception cref="CoppiceException">One is not finite.</exception>
    internal static void CheckFinite(ReadOnlySpan<float> logits)
    {
        foreach (var logit in logits)
        {
            if (!float.IsFinite(logit)) throw new CoppiceException("The model's logits are not finite numbers: its weights are damaged, or its training diverged.");
        }
    }

    private void Keep(ReadOnlySpan<float> logits)
    {
        if (_logits.Length < logits.Length) _logits = new float[logits.Length];
        logits.CopyTo(_logits);
    }

    /// <summary>The token with the largest logit; the first of several.</summary>
    internal static int MostProbable(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }

        return best;
    }

    /// <summary>The token at whose place in the cumulative distribution the number falls.</summary>
    private static int Draw(ReadOnlySpan<float> logits, double uniform)
    {
        var max = (double)logits[MostProbable(logits)];
        var total = 0.0;
        foreach (var logit in logits) total += Math.Exp(logit - max);
        var left = uniform * total;
        var last = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            var weight = Math.Exp(logits[i] - max);
            if (weight == 0) continue;
            last = i;
            left -= weight;
            if (left < 0) break;
        }

        // Rounding may leave a rest behind the last token that can be drawn.
        return last;
    }
}
