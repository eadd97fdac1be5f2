using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class ForgettingLawTests
{
    private static readonly ForgettingLaw Known = new(90, 0.32, 0.55, 829);

    [Fact]
    public void The_constants_of_a_known_law_are_recovered()
    {
        var law = ForgettingLaw.Fit(Points(0));
        Assert.Equal(1, law.Scale / Known.Scale, 0.01);
        Assert.Equal(Known.TokenExponent, law.TokenExponent, 0.001);
        Assert.Equal(Known.SizeExponent, law.SizeExponent, 0.001);
        Assert.Equal(1, law.Injection / Known.Injection, 0.01);
    }

    [Fact]
    public void Noisy_losses_are_predicted_within_the_noise()
    {
        var law = ForgettingLaw.Fit(Points(0.003));
        Assert.True(law.RootMeanSquareLogError < 0.004);
        Assert.Equal(1, law.Predict(2e7, 4e8, 0.002, 3) / Known.Predict(2e7, 4e8, 0.002, 3), 0.003);
    }

    [Fact]
    public void Injection_and_size_protect_and_new_tokens_cost()
    {
        var law = ForgettingLaw.Fit(Points(0.003));
        Assert.True(law.Predict(1e7, 1e8, 0.01, 3) < law.Predict(1e7, 1e8, 0.001, 3));
        Assert.True(law.Predict(1e7, 1e9, 0.001, 3) < law.Predict(1e7, 1e8, 0.001, 3));
        Assert.True(law.Predict(3e7, 1e8, 0.001, 3) > law.Predict(1e7, 1e8, 0.001, 3));
        Assert.True(law.Predict(1e7, 1e8, 1, 3) > 3);
    }

    [Fact]
    public void Without_forgetting_or_without_injection_there_is_no_law()
    {
        var points = Points(0);
        Assert.Contains("no forgetting", Assert.Throws<CoppiceException>(() => ForgettingLaw.Fit([.. points.Select(point => point with { OldLoss = 2 })])).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => ForgettingLaw.Fit([.. points.Select(point => point with { InjectedShare = 0 })]));
        Assert.Throws<CoppiceException>(() => ForgettingLaw.Fit([.. points.Take(4)]));
        Assert.Throws<CoppiceException>(() => ForgettingLaw.Fit([.. points.Skip(1), points[0] with { OldLoss = double.NaN }]));
    }

    private static List<ForgettingPoint> Points(double noise)
    {
        var random = new Random(3);
        return
        [
            .. from tokens in (double[])[3e5, 3e6, 3e7]
               from parameters in (double[])[4.1e7, 3e8, 1.3e9]
               from injected in (double[])[0, 0.001, 0.005, 0.01, 0.05]
               select new ForgettingPoint(
                   tokens, parameters, injected, 3, Known.Predict(tokens, parameters, injected, 3) * (1 + noise * (2 * random.NextDouble() - 1))),
        ];
    }
}
