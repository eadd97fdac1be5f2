namespace Coppice.Continual.Surgery;

/// <summary>
/// How models with a common ancestor become one: parameter by parameter, from the values of all of them to new values. What surrounds it (grown
/// vocabularies, shapes, files) is <see cref="WeightMerge"/>'s.
/// </summary>
public interface IMergeMethod
{
    /// <summary>The weights to merge with.</summary>
    /// <param name="models">The number of models, without the base.</param>
    /// <param name="given">Weights that somebody chose, or null for the usual ones.</param>
    /// <returns>A weight for each model.</returns>
    /// <exception cref="Foundation.CoppiceException">The method can't merge that many models, or not with these weights (exit code 2).</exception>
    IReadOnlyList<double> Weights(int models, IReadOnlyList<double>? given);

    /// <summary>Merges one parameter.</summary>
    /// <param name="input">Its values in the base and in each model.</param>
    /// <param name="destination">The new values, as many as each of them has.</param>
    void Merge(MergeInput input, Span<float> destination);
}
