using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>An adapter that a search may try.</summary>
/// <param name="Name">What it is, in a few words: method, rank, placement.</param>
/// <param name="Section">Its section of a recipe.</param>
/// <param name="Parameters">Trained parameters of the adapter, without those of a head.</param>
public sealed record AdapterCandidate(string Name, AdapterSection Section, long Parameters)
{
    /// <summary>A candidate on a model, if the method can be had there as the settings say.</summary>
    /// <param name="model">The base.</param>
    /// <param name="name">Its name.</param>
    /// <param name="section">Its section of a recipe.</param>
    /// <returns>The candidate; null where the model can't have it.</returns>
    internal static AdapterCandidate? On(LanguageModel model, string name, AdapterSection section)
    {
        try
        {
            var parameters = AdapterLayout.Of(model, section.ToSettings()).Trained.Sum(parameter => parameter.Shape.Count);
            return parameters > 0 ? new AdapterCandidate(name, section, parameters) : null;
        }
        catch (CoppiceException)
        {
            // A layer has no such projection, the rank is more than a matrix has: no candidate here.
            return null;
        }
    }
}
