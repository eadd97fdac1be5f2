using System.Runtime.InteropServices;

namespace Coppice.Tensors.Tests;

/// <summary>All backends of this machine, one after the other: what they compute is compared with the reference and between thread counts.</summary>
public sealed class KernelFixture : IDisposable
{
    private static readonly int[] ThreadCounts = [1, 2, 3];

    private readonly Backend[][] _levels =
    [
        .. Backends.Supported.Where(level => level != KernelLevel.Scalar)
            .Select(level => ThreadCounts.Select(threads => Backends.Create(threads, level)).ToArray()),
    ];

    /// <summary>The lengths around every vector width and unrolling, and one that is shared out over threads.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 257, 40001];

    /// <summary>Numbers of columns around every vector width.</summary>
    public static IReadOnlyList<int> Widths { get; } = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 127, 128, 129, 257, 300];

    /// <summary>The slow, obvious one.</summary>
    public Backend Reference { get; } = Backends.Create(1, KernelLevel.Scalar);

    /// <summary>Every backend, the reference too.</summary>
    public IEnumerable<Backend> All => _levels.SelectMany(level => level).Prepend(Reference);

    /// <summary>Runs a kernel on every backend. All levels have to agree with the reference, and all thread counts of a level bit by bit.</summary>
    public void Compare(string label, Action<KernelRun> kernel)
    {
        var expected = Run(Reference, label, kernel);
        foreach (var backends in _levels)
        {
            var alone = Run(backends[0], label, kernel);
            for (var i = 0; i < expected.Count; i++) AssertClose(label, backends[0].Name, expected[i], alone[i]);
            foreach (var backend in backends.AsSpan(1))
            {
                var shared = Run(backend, label, kernel);
                for (var i = 0; i < alone.Count; i++) AssertIdentical(label, backend.Name, alone[i], shared[i]);
            }
        }
    }

    public void Dispose()
    {
        foreach (var backend in All) backend.Dispose();
    }

    private static IReadOnlyList<KernelOutput> Run(Backend backend, string label, Action<KernelRun> kernel)
    {
        using var run = new KernelRun(backend, label);
        kernel(run);
        return run.Finish();
    }

    private static void AssertClose(string label, string backend, KernelOutput expected, KernelOutput actual)
    {
        for (var i = 0; i < expected.Values.Length; i++)
        {
            if (expected.Tolerance.Allows(expected.Values[i], actual.Values[i])) continue;
            Assert.Fail($"{label}: {actual.Name}[{i / actual.Columns}, {i % actual.Columns}] on {backend} is {actual.Values[i]:G9} instead of {expected.Values[i]:G9}");
        }
    }

    private static void AssertIdentical(string label, string backend, KernelOutput expected, KernelOutput actual)
    {
        var i = MemoryMarshal.Cast<float, int>(expected.Values).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual.Values));
        if (i == expected.Values.Length) return;
        Assert.Fail($"{label}: {actual.Name}[{i / actual.Columns}, {i % actual.Columns}] on {backend} is {actual.Values[i]:G9}, but on one thread {expected.Values[i]:G9}");
    }
}

/// <summary>Kernel tests run one after the other: a backend is used by one thread at a time.</summary>
[CollectionDefinition(Name)]
public sealed class KernelCollection : ICollectionFixture<KernelFixture>
{
    public const string Name = "kernels";
}
