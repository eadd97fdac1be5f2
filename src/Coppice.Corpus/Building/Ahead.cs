namespace Coppice.Corpus.Building;

/// <summary>Reads on other threads what is wanted next.</summary>
internal static class Ahead
{
    /// <summary>Does something to each item on several threads, so many items ahead of whoever takes the results; these come in the order of the items.</summary>
    /// <typeparam name="T">An item.</typeparam>
    /// <typeparam name="TResult">What is made of it.</typeparam>
    /// <param name="items">The items.</param>
    /// <param name="threads">How many at once.</param>
    /// <param name="read">Makes a result.</param>
    public static IEnumerable<TResult> Select<T, TResult>(IEnumerable<T> items, int threads, Func<T, TResult> read)
    {
        var begun = new Queue<Task<TResult>>();
        foreach (var item in items)
        {
            if (begun.Count == threads) yield return begun.Dequeue().GetAwaiter().GetResult();
            begun.Enqueue(Task.Run(() => read(item)));
        }

        while (begun.TryDequeue(out var next)) yield return next.GetAwaiter().GetResult();
    }
}
