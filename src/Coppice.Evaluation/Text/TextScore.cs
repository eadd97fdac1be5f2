using System.Text.Json.Serialization;
using Coppice.Foundation;

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

/// <summary>How well a model predicts texts, by their source.</summary>
/// <param name="Total">Over all texts.</param>
/// <param name="Sources">By the documents' source, in the order of the names.</param>
public sealed record TextEvaluation(TextScore Total, IReadOnlyDictionary<string, TextScore> Sources)
{
    /// <summary>The sums of documents' scores.</summary>
    /// <param name="documents">The scores; see <see cref="DocumentScorer"/>.</param>
    /// <exception cref="CoppiceException">No token was predicted.</exception>
    public static TextEvaluation Of(IEnumerable<DocumentScore> documents)
    {
        var sources = new SortedDictionary<string, TextScore>(StringComparer.Ordinal);
        foreach (var group in documents.GroupBy(document => document.Source, StringComparer.Ordinal))
        {
            sources[group.Key] = new TextScore(group.LongCount(), group.Sum(document => document.Tokens), group.Sum(document => document.Bytes), group.Sum(document => document.Nats));
        }

        return Of(sources);
    }

    /// <summary>The total of sources.</summary>
    /// <param name="sources">The scores by source.</param>
    /// <exception cref="CoppiceException">No token was predicted.</exception>
    internal static TextEvaluation Of(SortedDictionary<string, TextScore> sources)
    {
        var total = new TextScore(sources.Values.Sum(s => s.Documents), sources.Values.Sum(s => s.Tokens), sources.Values.Sum(s => s.Bytes), sources.Values.Sum(s => s.Nats));
        return total.Tokens > 0
            ? new TextEvaluation(total, sources)
            : throw new CoppiceException(FormattableString.Invariant($"There is nothing to evaluate: {total.Documents} documents hold no token that a model predicts."));
    }
}
