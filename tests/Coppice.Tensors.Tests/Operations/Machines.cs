namespace Coppice.Tensors.Tests.Operations;

/// <summary>The backends that operations are tested on.</summary>
internal static class Machines
{
    /// <summary>Every kernel level that this machine can run, with one thread and with two.</summary>
    public static TheoryData<KernelLevel, int> All()
    {
        var data = new TheoryData<KernelLevel, int>();
        foreach (var level in Backends.Supported)
        {
            data.Add(level, 1);
            data.Add(level, 2);
        }

        return data;
    }

    /// <summary>Every kernel level that this machine can run.</summary>
    public static TheoryData<KernelLevel> Levels() => [.. Backends.Supported];
}
