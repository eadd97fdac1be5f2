using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Training.Loop;

/// <summary>
/// Looks at the first step for mistakes that would otherwise show after hours, or never: a vocabulary that does not fit, no token counted,
/// parameters that are cut off from the loss.
/// </summary>
internal sealed class SelfCheck(LanguageModel model, ITokenizer tokenizer, ParameterSet trained)
{
    private const int ShownTokens = 64;

    private double[] _before = [];

    /// <summary>Before the first step's gradients.</summary>
    /// <param name="batch">The first micro-batch.</param>
    /// <param name="notice">For everyone.</param>
    /// <param name="detail">For those who look closely.</param>
    /// <exception cref="CoppiceException">The vocabulary does not fit, or nothing is counted.</exception>
    public void Before(PackedBatch batch, Action<string> notice, Action<string> detail)
    {
        if (tokenizer.VocabularySize > model.Configuration.VocabularySize)
            throw new CoppiceException($"the tokenizer has {tokenizer.VocabularySize} tokens, but the model's embedding has {model.Configuration.VocabularySize} rows");
        if (batch.CountedTokens == 0) throw new CoppiceException("the first batch has no token that counts in the loss: look at the data");
        notice(FormattableString.Invariant($"first batch: {batch.Count:N0} tokens in {batch.DocumentCount:N0} documents, {100.0 * batch.CountedTokens / batch.Count:F1} % counted"));
        var shown = batch.Tokens.AsSpan(0, Math.Min(ShownTokens, batch.Count));
        detail($"it begins: {tokenizer.Decode(shown, skipSpecialTokens: false)}");
        _before = Fingerprints();
    }

    /// <summary>After the first update.</summary>
    /// <param name="updated">Whether there was one.</param>
    /// <param name="warn">Receives a line that names the parameters that did not move.</param>
    public void After(bool updated, Action<string> warn)
    {
        // What is added to a frozen model may stand still at first: a factor does as long as the other one is zero.
        if (!updated || trained != model.Parameters) return;
        var after = Fingerprints();
        var still = trained.Parameters.Where((_, i) => after[i].Equals(_before[i])).Select(parameter => parameter.Name).ToList();
        if (still.Count > 0) warn($"{still.Count} parameters did not move in the first step: {string.Join(", ", still.Take(5))}{(still.Count > 5 ? ", …" : "")}");
    }

    /// <summary>A number for each parameter that changes when any of its values does (but for cancellations that don't happen by accident).</summary>
    private double[] Fingerprints()
    {
        var part = new float[1 << 16];
        return [.. trained.Parameters.Select(parameter => Fingerprint(parameter, part))];
    }

    private static double Fingerprint(Parameter parameter, float[] part)
    {
        var sum = 0.0;
        for (var start = 0L; start < parameter.Count; start += part.Length)
        {
            var span = part.AsSpan(0, (int)Math.Min(part.Length, parameter.Count - start));
            parameter.Tensor.CopyTo(start, span);
            for (var i = 0; i < span.Length; i++) sum += span[i] * (double)(1 + (i & 1023));
        }

        return sum;
    }
}
