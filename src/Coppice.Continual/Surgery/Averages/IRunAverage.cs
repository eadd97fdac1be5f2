using Coppice.Tensors;

namespace Coppice.Continual.Surgery.Averages;

/// <summary>An average of the weights that a run passed through, all laid out alike.</summary>
public interface IRunAverage
{
    /// <summary>How many sets of weights the average is of.</summary>
    long Count { get; }

    /// <summary>Takes in the weights of now.</summary>
    /// <param name="weights">All values of a model's parameters.</param>
    void Add(FlatBuffer weights);

    /// <summary>Writes the average.</summary>
    /// <param name="destination">As large as the weights.</param>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    void CopyTo(FlatBuffer destination);
}
