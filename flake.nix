{
  description = "Every MCP server in your config behind one endpoint";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forAllSystems = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
      manifest = nixpkgs.lib.importJSON ./package.json;

      lock = nixpkgs.lib.importJSON ./package-lock.json;

      # package-lock.json holds the hash of every package but no address, so that it does not depend on a registry.
      # npm fetches each from the one it is set up for, and Nix checks the hash.
      fetchPackage =
        pkgs: path: module:
        let
          name = module.name or (nixpkgs.lib.last (nixpkgs.lib.splitString "node_modules/" path));
        in
        pkgs.runCommand "${baseNameOf name}-${module.version}.tgz"
          {
            outputHash = module.integrity;
            outputHashMode = "flat";
            nativeBuildInputs = [ pkgs.nodejs_22 ];
            SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
            impureEnvVars = nixpkgs.lib.fetchers.proxyImpureEnvVars;
          }
          ''
            export HOME=$TMPDIR
            npm pack --silent ${nixpkgs.lib.escapeShellArg "${name}@${module.version}"}
            mv ./*.tgz $out
          '';

      mcp-hub =
        pkgs:
        pkgs.buildNpmPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = self;
          nodejs = pkgs.nodejs_22;

          npmDeps = pkgs.importNpmLock {
            npmRoot = ./.;
            packageSourceOverrides = nixpkgs.lib.mapAttrs (fetchPackage pkgs) (removeAttrs lock.packages [ "" ]);
          };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;

          # The bundle in dist/ holds everything that runs; bin/ only starts it.
          installPhase = ''
            runHook preInstall
            mkdir -p $out/lib/mcp-hub $out/bin
            cp -r bin dist package.json LICENSE $out/lib/mcp-hub/
            makeWrapper ${pkgs.nodejs_22}/bin/node $out/bin/mcp-hub --add-flags $out/lib/mcp-hub/bin/mcp-hub.js
            runHook postInstall
          '';
          nativeBuildInputs = [ pkgs.makeWrapper ];

          doInstallCheck = true;
          installCheckPhase = ''
            $out/bin/mcp-hub --version | grep -Fx ${manifest.version}
          '';

          meta = {
            inherit (manifest) description;
            license = pkgs.lib.licenses.mit;
            mainProgram = "mcp-hub";
          };
        };
    in
    {
      packages = forAllSystems (pkgs: {
        default = mcp-hub pkgs;
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell { packages = [ pkgs.nodejs_22 ]; };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt-rfc-style);
    };
}
