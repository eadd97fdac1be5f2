using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// Unlikelihood training, on tokens: besides that the next token should be probable, tokens that were there before should not be:
/// -log p(next) - a Σ log(1 - p(c)) over the tokens c of the document so far, without the next one. Against repetition.
/// </summary>
[Technique("unlikelihood", Title = "Neural Text Generation with Unlikelihood Training", Paper = "arXiv:1908.04319")]
public static class Unlikelihood
{
    // The least that 1 - p is taken for.
    private const double LeastRest = 1e-5;

    /// <summary>The tokens that a place should not predict: those of the document up to it, each once, without the target.</summary>
    /// <param name="document">The tokens of the document that the model has read at the place, and no other document's.</param>
    /// <param name="target">The next token.</param>
    public static IReadOnlyList<int> Candidates(ReadOnlySpan<int> document, int target)
    {
        var candidates = new SortedSet<int>();
        foreach (var token in document)
        {
            if (token != target) candidates.Add(token);
        }

        return [.. candidates];
    }

    /// <summary>The loss of a place, and its gradient.</summary>
    /// <param name="logits">The logits [vocabulary].</param>
    /// <param name="target">The next token.</param>
    /// <param name="candidates">What should not be predicted; see <see cref="Candidates"/>.</param>
    /// <param name="weight">a; with 0 the cross-entropy.</param>
    /// <param name="gradient">Receives the derivatives by the logits [vocabulary]; empty for none.</param>
    /// <returns>The loss in nats.</returns>
    public static double Loss(ReadOnlySpan<float> logits, int target, IReadOnlyList<int> candidates, double weight, Span<float> gradient)
    {
        var largest = float.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - largest);
        var normaliser = largest + Math.Log(sum);
        var loss = normaliser - logits[target];
        // d/d logit_k of the penalty of c: a p_c / (1 - p_c) (1[k = c] - p_k); the part with p_k is the same for all k, so it is gathered.
        var shared = 1.0;
        foreach (var candidate in candidates)
        {
            var probability = Math.Exp(logits[candidate] - normaliser);
            var rest = Math.Max(LeastRest, 1 - probability);
            loss -= weight * (rest > LeastRest ? Logistic.LogOneMinusExp(logits[candidate] - normaliser) : Math.Log(LeastRest));
            shared -= Slope(probability, rest, weight);
        }

        if (gradient.IsEmpty) return loss;
        for (var k = 0; k < logits.Length; k++) gradient[k] = (float)(shared * Math.Exp(logits[k] - normaliser));
        gradient[target] -= 1;
        foreach (var candidate in candidates)
        {
            var probability = Math.Exp(logits[candidate] - normaliser);
            gradient[candidate] += (float)Slope(probability, Math.Max(LeastRest, 1 - probability), weight);
        }

        return loss;
    }

    // Where 1 - p is taken for the least, the penalty still pushes, as far as it does there.
    private static double Slope(double probability, double rest, double weight) => weight * probability / rest;
}
