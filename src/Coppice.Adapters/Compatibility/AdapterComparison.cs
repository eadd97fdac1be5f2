using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>What changed between two models that do one task.</summary>
/// <param name="Before">The accuracy of the one, with its interval.</param>
/// <param name="After">The accuracy of the other.</param>
/// <param name="Flips">Item by item: texts, documents or words.</param>
public sealed record AdapterComparison(BootstrapInterval Before, BootstrapInterval After, Flips Flips)
{
    /// <summary>Asks two models the same.</summary>
    /// <param name="before">The directory of an adapter or a model.</param>
    /// <param name="after">That of the other.</param>
    /// <param name="data">The examples, see <see cref="TaskModel.Read"/>.</param>
    /// <param name="pairField">The field with the second text of a pair; null for single texts, or what the training had.</param>
    /// <param name="bases">The base of each, where that is an adapter whose files don't name it.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <exception cref="CoppiceException">A model can't be opened, or the examples are none for both.</exception>
    public static AdapterComparison Of(
        string before, string after, string data, string? pairField, (string? Before, string? After) bases, Backend backend, CancellationToken cancellationToken = default)
    {
        // One after the other: two at a time need not fit into memory.
        var first = Ask(before, bases.Before);
        var second = Ask(after, bases.After);
        return new AdapterComparison(first.Accuracy, second.Accuracy, first.FlipsTo(second));

        TaskAnswers Ask(string path, string? baseModel)
        {
            using var task = TaskModel.Open(path, baseModel, backend);
            return TaskAnswers.Of(task, task.Read(data, pairField).Examples, cancellationToken: cancellationToken);
        }
    }
}
