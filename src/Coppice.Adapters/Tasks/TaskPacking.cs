using Coppice.Corpus;

namespace Coppice.Adapters;

/// <summary>Examples into packed batches.</summary>
public static class TaskPacking
{
    /// <summary>Whether an example fits into a batch. Into an empty one each does.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="example">The example.</param>
    /// <param name="batchTokens">The most tokens of a batch.</param>
    public static bool HasRoom(this PackedBatch batch, TaskExample example, int batchTokens) => batch.Count == 0 || batch.Count + example.TokenCount <= batchTokens;

    /// <summary>Appends the documents of an example.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="example">The example.</param>
    /// <param name="number">Its number, which becomes the source of its documents.</param>
    public static void Add(this PackedBatch batch, TaskExample example, int number)
    {
        foreach (var document in example.Documents) batch.Add(document.Tokens, document.Targets, document.Weights, number);
    }

    /// <summary>Packs examples in their order: batches side by side, each example once.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="batchTokens">The most tokens of a batch; a longer example is one by itself.</param>
    /// <returns>One batch, filled anew at each step.</returns>
    public static IEnumerable<PackedBatch> InOrder(IReadOnlyList<TaskExample> examples, int batchTokens)
    {
        var batch = new PackedBatch();
        for (var number = 0; number < examples.Count; number++)
        {
            if (!batch.HasRoom(examples[number], batchTokens))
            {
                yield return batch;
                batch.Clear();
            }

            batch.Add(examples[number], number);
        }

        if (batch.Count > 0) yield return batch;
    }
}
