namespace Coppice.Tensors;

/// <summary>Work that splits into items with disjoint outputs. Each item is computed whole by one thread, so its result does not depend on which.</summary>
internal interface IJob
{
    /// <summary>Does one item.</summary>
    /// <param name="item">Which one.</param>
    /// <param name="worker">Which thread, from 0: names its scratch memory.</param>
    void Run(int item, int worker);
}
