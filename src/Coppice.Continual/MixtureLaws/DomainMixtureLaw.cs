using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>A loss after an update with a mixture.</summary>
/// <param name="Tokens">Tokens of the update, above 0.</param>
/// <param name="Share">The share of the text whose loss it is: domain text for domain loss, general text for general loss.</param>
/// <param name="Loss">Nats per token, above 0.</param>
public sealed record MixturePoint(double Tokens, double Share, double Loss);

/// <summary>A mixture that the laws choose.</summary>
/// <param name="Outcome">Whether the bound singles it out.</param>
/// <param name="DomainShare">Domain tokens by all tokens; NaN where no share is feasible, as the losses then.</param>
/// <param name="DomainLoss">Predicted loss on the domain.</param>
/// <param name="GeneralLoss">Predicted loss on general text.</param>
public sealed record MixtureChoice(ShareOutcome Outcome, double DomainShare, double DomainLoss, double GeneralLoss);

/// <summary>
/// The law of continual pre-training on a domain, for one size of model: <c>L(D, r) = E + B·r^η/D^β + C/(r+ε)^γ</c>, D tokens of the update, r the share of
/// the text whose loss it is. Falls in D, the faster the more of the text there is; finite without any of it. Two laws make a plan: one of domain loss with
/// the domain's share, one of general loss with the rest.
/// </summary>
/// <param name="Floor">E: the loss that neither tokens nor share take away.</param>
/// <param name="TokenScale">B.</param>
/// <param name="ShareGain">η: how much more tokens do at a higher share.</param>
/// <param name="TokenExponent">β.</param>
/// <param name="ShareScale">C.</param>
/// <param name="ShareShift">ε: keeps the law finite at a share of 0.</param>
/// <param name="ShareExponent">γ.</param>
[Technique("d-cpt", Title = "D-CPT Law: Domain-specific Continual Pre-Training Scaling Law for Large Language Models", Paper = "arXiv:2406.01375")]
public sealed record DomainMixtureLaw(
    double Floor, double TokenScale, double ShareGain, double TokenExponent, double ShareScale, double ShareShift, double ShareExponent)
{
    /// <summary>The fewest points that are fitted: one more than there are constants.</summary>
    public const int FewestPoints = 8;

    private const int GridSteps = 1000;

    // In logarithms of losses: the paper's.
    private const double HuberThreshold = 1e-3;

    /// <summary>The root of the mean squared residual of the logarithms of the losses: about the relative error; 0 for a law that wasn't fitted.</summary>
    public double RootMeanSquareLogError { get; init; }

    /// <summary>The predicted loss, nats per token.</summary>
    /// <param name="tokens">Tokens of the update, above 0.</param>
    /// <param name="share">The share of the text whose loss it is, 0 to 1.</param>
    public double Predict(double tokens, double share) =>
        Floor + TokenScale * Math.Pow(share, ShareGain) / Math.Pow(tokens, TokenExponent) + ShareScale / Math.Pow(share + ShareShift, ShareExponent);

    /// <summary>
    /// Fits the law by the Huber loss of the residuals of log loss. The constants are not unique to noisy data, predictions between the points nearly so.
    /// </summary>
    /// <param name="points">At least <see cref="FewestPoints"/>, with at least three shares and three numbers of tokens.</param>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static DomainMixtureLaw Fit(IReadOnlyList<MixturePoint> points)
    {
        Measured.Enough(points.Count, FewestPoints, "losses");
        Measured.Positive(points.Select(point => point.Tokens), "Tokens of an update");
        Measured.Fraction(points.Select(point => point.Share), "A share");
        Measured.Positive(points.Select(point => point.Loss), "A loss");
        Measured.Enough(points.Select(point => point.Share).Distinct().Count(), 3, "different shares");
        Measured.Enough(points.Select(point => point.Tokens).Distinct().Count(), 3, "different numbers of tokens");
        // Tokens in this unit make constants of like size; logarithms keep them above 0.
        var unit = Math.Exp(points.Average(point => Math.Log(point.Tokens)));
        var found = HuberFit.Minimize(
            (constants, residuals) =>
            {
                var law = OfLogarithms(constants);
                for (var i = 0; i < residuals.Length; i++)
                    residuals[i] = Math.Log(law.Predict(points[i].Tokens / unit, points[i].Share) / points[i].Loss);
            },
            points.Count,
            Starts(points.Min(point => point.Loss)),
            HuberThreshold);
        var best = OfLogarithms(found.Constants);
        best = best with { TokenScale = best.TokenScale * Math.Pow(unit, best.TokenExponent) };
        var squares = points.Average(point => LeastSquares.Square(Math.Log(best.Predict(point.Tokens, point.Share) / point.Loss)));
        return best with { RootMeanSquareLogError = Math.Sqrt(squares) };
    }

    /// <summary>The mixture with the least domain loss among those that keep general loss within a bound.</summary>
    /// <param name="domain">The law of domain loss.</param>
    /// <param name="general">The law of general loss.</param>
    /// <param name="tokens">Tokens of the update.</param>
    /// <param name="generalBound">The highest general loss allowed, such as 1.03 times the parent's.</param>
    /// <returns>The best of the shares 0, 0.001, ... 1.</returns>
    /// <exception cref="CoppiceException">The tokens or the bound aren't above 0.</exception>
    public static MixtureChoice LeastDomainLoss(DomainMixtureLaw domain, DomainMixtureLaw general, double tokens, double generalBound)
    {
        Measured.Positive([tokens], "Tokens of an update");
        Measured.Positive([generalBound], "A bound on general loss");
        var shares = Grid()
            .Select(share => new MixtureChoice(ShareOutcome.Found, share, domain.Predict(tokens, share), general.Predict(tokens, 1 - share))).ToList();
        var feasible = shares.Where(choice => choice.GeneralLoss <= generalBound).ToList();
        if (feasible.Count == 0) return new MixtureChoice(ShareOutcome.NoneFeasible, double.NaN, double.NaN, double.NaN);
        var best = feasible.MinBy(choice => choice.DomainLoss)!;
        return best with { Outcome = feasible.Count == shares.Count ? ShareOutcome.AllFeasible : ShareOutcome.Found };
    }

    /// <summary>
    /// The share of the domain that makes the most of all the domain text there is, each token seen once: a lower share makes the update longer, by general
    /// text. Ask the law of domain loss.
    /// </summary>
    /// <param name="domainTokens">Tokens of domain text, above 0.</param>
    /// <param name="leastShare">The least share to consider: it decides how long the update may become.</param>
    /// <returns>The share among 0.001, 0.002, ... 1 and the predicted domain loss.</returns>
    /// <exception cref="CoppiceException">The tokens aren't above 0, or the share isn't between 0 and 1.</exception>
    public (double Share, double Loss) BestShareOf(double domainTokens, double leastShare = 0.01)
    {
        Measured.Positive([domainTokens], "Tokens of domain text");
        Measured.Fraction([leastShare], "The least share");
        return Grid().Where(share => share > 0 && share >= leastShare).Select(share => (Share: share, Loss: Predict(domainTokens / share, share)))
            .MinBy(choice => choice.Loss);
    }

    private static IEnumerable<double> Grid() => Enumerable.Range(0, GridSteps + 1).Select(step => (double)step / GridSteps);

    private static DomainMixtureLaw OfLogarithms(double[] constants)
    {
        var values = constants.Select(value => Math.Exp(value)).ToArray();
        return new DomainMixtureLaw(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    }

    private static IEnumerable<double[]> Starts(double leastLoss)
    {
        foreach (var floor in (double[])[0.5, 0.9])
            foreach (var shareGain in (double[])[0.1, 1])
                foreach (var tokenExponent in (double[])[0.1, 0.5])
                    foreach (var shareShift in (double[])[0.01, 0.2])
                        foreach (var shareExponent in (double[])[0.1, 1])
                            yield return Logarithms(floor * leastLoss, 0.2 * leastLoss, shareGain, tokenExponent, 0.1 * leastLoss, shareShift, shareExponent);
    }

    private static double[] Logarithms(params double[] values) => [.. values.Select(value => Math.Log(value))];
}
