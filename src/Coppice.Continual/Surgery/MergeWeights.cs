using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Continual.Surgery;

/// <summary>The checks of weights that methods have in common.</summary>
internal static class MergeWeights
{
    /// <summary>The weights that were given, one for each model, or the usual weight for each.</summary>
    public static IReadOnlyList<double> GivenOr(double usual, int models, IReadOnlyList<double>? given)
    {
        if (models == 0) throw CoppiceException.Usage("there is nothing to merge: name at least one model beside the base");
        if (given is null) return [.. Enumerable.Repeat(usual, models)];
        if (given.Count != models) throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture, $"{given.Count} weights for {models} models; the base has none, each model has one"));
        return given.All(double.IsFinite) ? given : throw CoppiceException.Usage("the weights of a merge must be finite numbers");
    }

    /// <summary>Refuses weights outside a range.</summary>
    public static IReadOnlyList<double> Within(this IReadOnlyList<double> weights, double minimum, double maximum, string method) =>
        weights.FirstOrDefault(weight => weight < minimum || weight > maximum, double.NaN) is var outside && double.IsNaN(outside)
            ? weights
            : throw CoppiceException.Usage(string.Create(CultureInfo.InvariantCulture, $"the weights of {method} must lie between {minimum} and {maximum}; {outside} doesn't"));
}
