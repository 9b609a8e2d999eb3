using System.Globalization;
using System.Text;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>A script that makes the objects of <see cref="KubeVirtMachine"/> and fills their volumes.</summary>
internal sealed class KubeVirtUpload : GuestDescription
{
    public const string FileSuffix = "-upload.sh";

    public override string Suffix => FileSuffix;

    public override string Text(DomainDescription domain)
    {
        var name = ShellText.Quote(domain.Name);
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $$"""
            #!/bin/sh
            # Makes the machine {{ShellText.Comment(domain.Name)}} in the cluster that kubectl talks to, and uploads its disks, which are in this script's folder.
            #
            # usage: this-script [-n NAMESPACE] [arguments of virtctl image-upload...]
            # For example --insecure, if the certificate of the upload proxy is not known, or --uploadproxy-url=https://...
            set -eu
            dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
            for program in kubectl virtctl; do
            	command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
            done
            namespace=''
            if [ "${1:-}" = -n ]; then
            	namespace=${2:?-n needs a namespace}
            	shift 2
            fi
            kubectl ${namespace:+--namespace "$namespace"} apply -f "$dir"{{ShellText.Quote($"/{domain.Name}.yaml")}}

            """);
        for (var i = 0; i < domain.Disks.Count; i++)
        {
            script.Append(CultureInfo.InvariantCulture, $$"""
                virtctl ${namespace:+--namespace "$namespace"} image-upload dv {{ShellText.Quote(KubeVirtMachine.Volume(domain, i))}} --no-create --image-path "$dir"{{ShellText.Quote("/" + FileName(domain.Disks[i]))}} "$@"

                """);
        }

        script.Append(CultureInfo.InvariantCulture, $$"""
            echo "The machine is there; start it with: virtctl ${namespace:+--namespace $namespace }start {{name}}"

            """);
        return script.ToString().ReplaceLineEndings("\n");
    }
}
