namespace Coppice.Corpus.Scoring;

/// <summary>A classifier's raw score as a probability: 1 / (1 + e^-(slope · score + intercept)), fitted on texts that the classifier did not learn from (Platt 1999).</summary>
/// <param name="Slope">What the score is multiplied by.</param>
/// <param name="Intercept">What is added.</param>
internal readonly record struct Calibration(double Slope, double Intercept)
{
    private const int MostIterations = 100;

    /// <summary>The probability.</summary>
    /// <param name="score">The raw score.</param>
    public double Probability(double score) => 1 / (1 + Math.Exp(-(Slope * score + Intercept)));

    /// <summary>
    /// Fits by Newton's method with halved steps (Lin, Lin and Weng 2007). Both classes have the same weight in all, and targets are a little short of 0 and 1, as
    /// Platt proposed, so that a perfect division has a finite slope.
    /// </summary>
    /// <param name="scores">Raw scores.</param>
    /// <param name="isPositive">Their classes: at least one of each.</param>
    public static Calibration Fit(double[] scores, bool[] isPositive)
    {
        double positives = isPositive.Count(positive => positive), negatives = scores.Length - positives;
        double[] targets = [.. isPositive.Select(positive => positive ? (positives + 1) / (positives + 2) : 1 / (negatives + 2))];
        double[] weights = [.. isPositive.Select(positive => 1 / (positive ? positives : negatives))];
        // In units of the scores' own spread: raw scores can be tiny.
        var scale = 1 / Math.Max(1e-12, scores.Max(Math.Abs));
        var fit = new Calibration(0, 0);
        var loss = Loss(fit);
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var (gradientSlope, gradientIntercept, slopes, both, intercepts) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
            for (var i = 0; i < scores.Length; i++)
            {
                var (score, probability) = (scores[i] * scale, fit.Probability(scores[i] * scale));
                var difference = weights[i] * (probability - targets[i]);
                var curvature = weights[i] * probability * (1 - probability);
                (gradientSlope, gradientIntercept) = (gradientSlope + difference * score, gradientIntercept + difference);
                (slopes, both, intercepts) = (slopes + curvature * score * score, both + curvature * score, intercepts + curvature);
            }

            var determinant = slopes * intercepts - both * both;
            var stepSlope = (gradientSlope * intercepts - gradientIntercept * both) / determinant;
            var stepIntercept = (gradientIntercept * slopes - gradientSlope * both) / determinant;
            var length = 1.0;
            var (next, nextLoss) = (fit, loss);
            for (; length > 1e-6; length /= 2)
            {
                next = new Calibration(fit.Slope - length * stepSlope, fit.Intercept - length * stepIntercept);
                nextLoss = Loss(next);
                if (nextLoss < loss) break;
            }

            if (!(nextLoss < loss - 1e-12)) break;
            (fit, loss) = (next, nextLoss);
        }

        return fit with { Slope = fit.Slope * scale };

        double Loss(Calibration candidate)
        {
            var sum = 0.0;
            for (var i = 0; i < scores.Length; i++)
            {
                var z = candidate.Slope * scores[i] * scale + candidate.Intercept;
                // -t·ln(p) - (1-t)·ln(1-p), without overflow.
                sum += weights[i] * (Math.Max(z, 0) - z * targets[i] + Math.Log(1 + Math.Exp(-Math.Abs(z))));
            }

            return sum;
        }
    }
}
