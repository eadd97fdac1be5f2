using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>What a model still knew of old text after an update.</summary>
/// <param name="NewTokens">Tokens of new text in the update, above 0.</param>
/// <param name="Parameters">Parameters of the model, above 0.</param>
/// <param name="InjectedShare">The share of old text in the update, 0 to 1.</param>
/// <param name="ParentLoss">The parent's loss on old text, nats per token.</param>
/// <param name="OldLoss">The loss on old text after the update.</param>
public sealed record ForgettingPoint(double NewTokens, double Parameters, double InjectedShare, double ParentLoss, double OldLoss);

/// <summary>
/// How loss on old text rises with an update and what a little injected old text does against it: <c>L = L₀ + A·D^β / ((1 + B·p)·N)^α</c>, D tokens of new
/// text, N parameters, p the injected share: it acts like a larger model. Found on short updates of models from 41 million parameters with old text drawn afresh
/// from a huge set; smaller models forget more than it says elsewhere.
/// </summary>
/// <param name="Scale">A.</param>
/// <param name="TokenExponent">β: forgetting grows with new tokens.</param>
/// <param name="SizeExponent">α: it shrinks with the size of the model.</param>
/// <param name="Injection">B: what injected text is worth, hundreds to thousands in the paper.</param>
[Technique("forgetting-injection", Title = "Scaling Laws for Forgetting during Finetuning with Pretraining Data Injection", Paper = "arXiv:2502.06042")]
public sealed record ForgettingLaw(double Scale, double TokenExponent, double SizeExponent, double Injection)
{
    /// <summary>The fewest points that are fitted: one more than there are constants.</summary>
    public const int FewestPoints = 5;

    private const double HuberThreshold = 1e-3;

    /// <summary>The root of the mean squared residual of the logarithms of the losses: about the relative error; 0 for a law that wasn't fitted.</summary>
    public double RootMeanSquareLogError { get; init; }

    /// <summary>The predicted loss on old text, nats per token.</summary>
    /// <param name="newTokens">Tokens of new text, above 0.</param>
    /// <param name="parameters">Parameters of the model, above 0.</param>
    /// <param name="injectedShare">The share of old text in the update, 0 to 1.</param>
    /// <param name="parentLoss">The parent's loss on old text.</param>
    public double Predict(double newTokens, double parameters, double injectedShare, double parentLoss) =>
        parentLoss + Scale * Math.Pow(newTokens, TokenExponent) / Math.Pow((1 + Injection * injectedShare) * parameters, SizeExponent);

    /// <summary>Fits the law by the Huber loss of the residuals of log loss.</summary>
    /// <param name="points">At least <see cref="FewestPoints"/>, with three injected shares, 0 and small ones among them, and two numbers of tokens.</param>
    /// <exception cref="CoppiceException">Too few points, one that isn't a number, or nothing was forgotten.</exception>
    public static ForgettingLaw Fit(IReadOnlyList<ForgettingPoint> points)
    {
        Measured.Enough(points.Count, FewestPoints, "losses");
        Measured.Positive(points.Select(point => point.NewTokens), "Tokens of new text");
        Measured.Positive(points.Select(point => point.Parameters), "Parameters of a model");
        Measured.Fraction(points.Select(point => point.InjectedShare), "An injected share");
        Measured.Positive(points.Select(point => point.ParentLoss), "A parent's loss");
        Measured.Positive(points.Select(point => point.OldLoss), "A loss on old text");
        Measured.Enough(points.Select(point => point.InjectedShare).Distinct().Count(), 3, "different injected shares");
        Measured.Enough(points.Select(point => point.NewTokens).Distinct().Count(), 2, "different numbers of tokens");
        var rise = points.Max(point => point.OldLoss - point.ParentLoss);
        if (!(rise > 0)) throw new CoppiceException("No update raised the loss on old text: there is no forgetting to fit a law to.");
        // In these units the scale is about the largest rise.
        var tokens = Math.Exp(points.Average(point => Math.Log(point.NewTokens)));
        var parameters = Math.Exp(points.Average(point => Math.Log(point.Parameters)));
        var found = HuberFit.Minimize(
            (constants, residuals) =>
            {
                var law = OfLogarithms(constants);
                for (var i = 0; i < residuals.Length; i++)
                {
                    var point = points[i];
                    residuals[i] = Math.Log(
                        law.Predict(point.NewTokens / tokens, point.Parameters / parameters, point.InjectedShare, point.ParentLoss) / point.OldLoss);
                }
            },
            points.Count,
            Starts(rise),
            HuberThreshold);
        var best = OfLogarithms(found.Constants);
        best = best with { Scale = best.Scale * Math.Pow(parameters, best.SizeExponent) / Math.Pow(tokens, best.TokenExponent) };
        var squares = points.Average(point => LeastSquares.Square(
            Math.Log(best.Predict(point.NewTokens, point.Parameters, point.InjectedShare, point.ParentLoss) / point.OldLoss)));
        return best with { RootMeanSquareLogError = Math.Sqrt(squares) };
    }

    private static ForgettingLaw OfLogarithms(double[] constants) =>
        new(Math.Exp(constants[0]), Math.Exp(constants[1]), Math.Exp(constants[2]), Math.Exp(constants[3]));

    private static IEnumerable<double[]> Starts(double rise)
    {
        foreach (var tokenExponent in (double[])[0.2, 0.7])
            foreach (var sizeExponent in (double[])[0.2, 0.7])
                foreach (var injection in (double[])[10, 100, 1000, 10000])
                    yield return [Math.Log(rise / 2), Math.Log(tokenExponent), Math.Log(sizeExponent), Math.Log(injection)];
    }
}
