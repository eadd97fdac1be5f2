using System.Text.Json.Serialization;

namespace Coppice.Evaluation;

/// <summary>How well a model predicts some texts. Ratios are NaN where nothing was counted.</summary>
/// <param name="Documents">Number of texts.</param>
/// <param name="Tokens">Number of tokens that were predicted.</param>
/// <param name="Bytes">UTF-8 bytes of the texts.</param>
/// <param name="Nats">-log p of all predicted tokens together, natural logarithm.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TextScore(long Documents, long Tokens, long Bytes, double Nats)
{
    /// <summary>Nats per predicted token.</summary>
    public double Loss => Nats / Tokens;

    /// <summary>e to the loss; infinite for a loss above 709.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Bits per UTF-8 byte: the number to compare models with different tokenizers by.</summary>
    public double BitsPerByte => Nats / (Bytes * Math.Log(2));
}

/// <summary>What <see cref="TextEvaluator"/> measured.</summary>
/// <param name="Total">Over all texts.</param>
/// <param name="Sources">By the documents' source, in the order of the names.</param>
public sealed record TextEvaluation(TextScore Total, IReadOnlyDictionary<string, TextScore> Sources);
