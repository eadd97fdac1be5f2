using System.Collections;
using Coppice.Corpus;

namespace Coppice.Adapters;

/// <summary>A batch for each example, made when it is asked for.</summary>
/// <param name="examples">The examples.</param>
internal sealed class ExampleBatches(IReadOnlyList<TaskExample> examples) : IReadOnlyList<PackedBatch>
{
    /// <inheritdoc/>
    public int Count => examples.Count;

    /// <inheritdoc/>
    public PackedBatch this[int index]
    {
        get
        {
            var batch = new PackedBatch();
            batch.Add(examples[index], index);
            return batch;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<PackedBatch> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
