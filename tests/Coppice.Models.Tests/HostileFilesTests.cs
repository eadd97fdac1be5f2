using System.Text;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Models.Tests;

/// <summary>Random changes of model directories. More of them: <c>COPPICE_MUTATIONS=100000 dotnet test --filter HostileFiles</c>.</summary>
public sealed class HostileFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void Changed_config_json_files_are_read_or_refused()
    {
        var files = TinyModels.Names.Select(name => Saved(name, ModelDirectory.ConfigurationFile)).ToList();
        var round = 0;
        FileMutations.Check<CoppiceException>(files, Encoding.ASCII.GetBytes("{}[]\",:-+.eE0123456789tfn\\"), bytes =>
        {
            var directory = _folder.At(TinyModels.Names[round++ % files.Count]);
            File.WriteAllBytes(Path.Combine(directory, ModelDirectory.ConfigurationFile), bytes);
            ModelDirectory.Load(directory, _backend).Dispose();
        });
    }

    [Fact]
    public void Changed_safetensors_files_are_read_or_refused()
    {
        const string Weights = "model.safetensors";
        var files = TinyModels.Names.Select(name => Saved(name, Weights)).ToList();
        var round = 0;
        // The header and a little of what follows: anything may stand in the values.
        FileMutations.Check<CoppiceException>(
            files,
            [.. Encoding.ASCII.GetBytes("{}[]\",:-+.eE0123456789tfnFBIU_\\"), 0, 0x7F, 0x80, 0xFF],
            bytes =>
            {
                var directory = _folder.At(TinyModels.Names[round++ % files.Count]);
                File.WriteAllBytes(Path.Combine(directory, Weights), bytes);
                ModelDirectory.Load(directory, _backend).Dispose();
            },
            beginning: 4000);
    }

    private byte[] Saved(string name, string file)
    {
        using var model = TinyModels.Create(name, _backend);
        ModelDirectory.Save(_folder.At(name), model);
        return File.ReadAllBytes(_folder.At($"{name}/{file}"));
    }
}
