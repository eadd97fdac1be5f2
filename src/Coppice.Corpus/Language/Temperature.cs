namespace Coppice.Corpus.Language;

/// <summary>
/// How far a sum of n features is to be trusted: scores are multiplied by scale · n^-exponent, 1 at most. Naive Bayes takes features as independent; neighbouring
/// n-grams are anything but, so that its probabilities are the more extreme the longer the text (temperature scaling: Guo et al. 2017, arXiv:1706.04599).
/// </summary>
/// <param name="Scale">The factor of a single feature.</param>
/// <param name="Exponent">How it falls with the number of features.</param>
internal readonly record struct Temperature(double Scale, double Exponent)
{
    /// <summary>What the factor is where nothing was held out to fit it on: as fitted for the model that comes with Coppice.</summary>
    public static Temperature Usual => new(1, 0.3);

    /// <summary>The factor of a text.</summary>
    /// <param name="features">How many features it has.</param>
    public double At(int features) => Math.Min(1, Scale * Math.Pow(Math.Max(1, features), -Exponent));

    /// <summary>The factor under which the right languages are the most probable.</summary>
    /// <param name="examples">Scores of texts that the weights have not seen.</param>
    public static Temperature Fit(IReadOnlyList<Example> examples)
    {
        if (examples.Count == 0) return Usual;
        var (best, least) = (Usual, double.PositiveInfinity);
        for (var exponent = 0.0; exponent <= 0.8; exponent += 0.1)
        {
            for (var scale = 0.1; scale <= 8; scale *= 1.25)
            {
                var candidate = new Temperature(scale, exponent);
                var loss = examples.Sum(example => example.Loss(candidate));
                if (loss < least) (best, least) = (candidate, loss);
            }
        }

        return best;
    }

    /// <summary>Scores of a text whose language is known.</summary>
    /// <param name="Scores">[languages of the script], natural logarithms.</param>
    /// <param name="Right">The right one's place.</param>
    /// <param name="Features">How many features the text has.</param>
    public sealed record Example(float[] Scores, int Right, int Features)
    {
        /// <summary>The negative log-probability of the right language.</summary>
        /// <param name="temperature">The factor.</param>
        public double Loss(Temperature temperature)
        {
            var scale = (float)temperature.At(Features);
            var largest = Scores.Max();
            var sum = 0f;
            foreach (var score in Scores)
            {
                var distance = (score - largest) * scale;
                if (distance > -20) sum += MathF.Exp(distance);
            }

            return Math.Log(sum) - (Scores[Right] - largest) * scale;
        }
    }
}
