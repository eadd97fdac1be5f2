namespace Coppice.Tensors.Tests.Operations;

/// <summary>A backend, a tape on it, and what else a test makes on them.</summary>
internal sealed class Scope : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public Scope(KernelLevel level, int threads)
    {
        Backend = Backends.Create(threads, level);
        Tape = new Tape(Backend);
    }

    public Backend Backend { get; }

    public Tape Tape { get; }

    /// <summary>Disposes it with the scope.</summary>
    public T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    public void Dispose()
    {
        Tape.Dispose();
        _owned.ForEach(resource => resource.Dispose());
        Backend.Dispose();
    }
}
